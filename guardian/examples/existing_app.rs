//! An app that had users before it added leptos-guardian: the code of the README's guide in one
//! file. Run it with `cargo run --package leptos-guardian --features ssr --example existing_app`,
//! and sign in as ada@example.com with the password "lovelace". An example cannot have a
//! WebAssembly half, so its pages work as plain HTML.

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use axum::Router;
use leptos::{hydration::HydrationScripts, prelude::*, server_fn::ServerFn as _};
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    AuthProvider, RequireSignedIn, SessionList, SignOut, SignedIn, SignedOut, UserButton,
    server::{Database, Guardian, SigningKey},
};
use leptos_router::{
    components::{Route, Router as PageRouter, Routes},
    path,
};
use sqlx::SqlitePool;
use std::{error::Error, path::Path};

const SITE_URL: &str = "http://127.0.0.1:3000";

#[tokio::main]
#[allow(
    dead_code,
    reason = "the guide's test includes this file, but not its main"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = SqlitePool::connect("sqlite://app.db?mode=rwc").await?;
    let router = router(pool).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, router).await?;
    Ok(())
}

pub async fn router(pool: SqlitePool) -> Result<Router, Box<dyn Error>> {
    create_users(&pool).await?;
    let options = LeptosOptions::builder().output_name("app").build();

    let guardian = Guardian::builder(Database::Sqlite(pool.clone()))
        .site_url(SITE_URL)
        .key(SigningKey::load_or_create(Path::new("session.key"))?)
        .build()
        .await?;

    let context = move || provide_context(pool.clone());
    let router = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, {
            let options = options.clone();
            move || shell(options.clone())
        })
        .with_state(options);
    Ok(guardian.protect(router))
}

fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <HydrationScripts options/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[component]
fn App() -> impl IntoView {
    view! {
        <AuthProvider>
            <PageRouter>
                <header>
                    <SignedIn>
                        <UserButton show_name=true>""</UserButton>
                    </SignedIn>
                    <SignedOut>
                        <a href="/sign-in">"Sign in"</a>
                    </SignedOut>
                </header>
                <main>
                    <Routes fallback=|| "Not found">
                        <Route path=path!("/") view=Home/>
                        <Route path=path!("/sign-in") view=SignInPage/>
                        <Route path=path!("/sign-out") view=SignOut/>
                        <Route path=path!("/sessions") view=Sessions/>
                    </Routes>
                </main>
            </PageRouter>
        </AuthProvider>
    }
}

#[component]
fn Home() -> impl IntoView {
    view! { <h1>"An app"</h1> }
}

#[component]
fn SignInPage() -> impl IntoView {
    view! {
        <form method="post" action=PostSignIn::PATH>
            <label>"Email " <input type="email" name="email" autocomplete="username" required/></label>
            <label>
                "Password "
                <input type="password" name="password" autocomplete="current-password" required/>
            </label>
            <button>"Sign in"</button>
        </form>
    }
}

#[component]
fn Sessions() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Where you are signed in"</h1>
            <SessionList/>
        </RequireSignedIn>
    }
}

#[server(name = PostSignIn, prefix = "/api", endpoint = "/sign_in")]
async fn sign_in(email: String, password: String) -> Result<(), ServerFnError> {
    use leptos_guardian::{
        Profile,
        server::{Auth, Identity},
    };

    let pool = expect_context::<SqlitePool>();
    let Some(user) = find_user(&pool, &email, &password).await? else {
        return Err(ServerFnError::new(
            "The e-mail address or the password is wrong.",
        ));
    };
    let auth = Auth::from_context().expect("the route is protected");
    let profile = Profile::new(user.name).email(user.email);
    let identity = Identity::new(user.id.to_string(), profile).method("password");
    auth.sign_in(identity).await?;
    leptos_axum::redirect("/");
    Ok(())
}

/// A row of the app's existing table.
#[derive(sqlx::FromRow)]
struct UserRow {
    id: i64,
    email: String,
    name: String,
    password_hash: String,
}

async fn find_user(
    pool: &SqlitePool,
    email: &str,
    password: &str,
) -> Result<Option<UserRow>, sqlx::Error> {
    let found: Option<UserRow> = sqlx::query_as("select * from users where email = $1")
        .bind(email)
        .fetch_optional(pool)
        .await?;
    Ok(found.filter(|user| is_right(password, &user.password_hash)))
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
        verified.is_ok()
    })
}

/// The user to sign in as.
const ADA: &str = "insert into users (email, name, password_hash) values ('ada@example.com',
    'Ada Lovelace',
    '$argon2id$v=19$m=19456,t=2,p=1$YW4gZXhhbXBsZSBzYWx0IQ$d5Nb2x9eosbk36pk8qdW9xtWkcugzYYBGgXgDF4q0QE')
    on conflict do nothing";

async fn create_users(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "create table if not exists users (id integer primary key, email text not null unique,
         name text not null, password_hash text not null)",
    )
    .execute(pool)
    .await?;
    sqlx::query(ADA).execute(pool).await?;
    Ok(())
}
