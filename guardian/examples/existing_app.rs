//! An app that had users before it added leptos-guardian: the README's guide in one file, with a module
//! for each of the guide's. Run it with
//! `cargo run --package leptos-guardian --features ssr --example existing_app`, and sign in as
//! ada@example.com with the password "lovelace". An example cannot have a WebAssembly half, so its pages
//! work as plain HTML.

use axum::Router;
use leptos::{hydration::HydrationScripts, prelude::*};
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    AuthProvider, SignOut, SignedIn, SignedOut, UserButton,
    server::{Database, Guardian, SigningKey},
};
use leptos_router::{
    components::{Route, Router as PageRouter, Routes},
    path,
};
use sessions::Sessions;
use sign_in::SignInPage;
use sqlx::SqlitePool;
use std::{env, error::Error, net::SocketAddr, path::Path};

#[tokio::main]
#[allow(
    dead_code,
    reason = "the guide's test includes this file, but not its main"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = SqlitePool::connect("sqlite://app.db?mode=rwc").await?;
    let app = router(pool).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    // The list of sessions shows the network address of each.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}

pub async fn router(pool: SqlitePool) -> Result<Router, Box<dyn Error>> {
    users::create_table(&pool).await?;
    let options = LeptosOptions::builder().output_name("app").build();

    // The address as browsers see it.
    let site_url = env::var("SITE_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".into());
    let guardian = Guardian::builder(Database::Sqlite(pool.clone()))
        .site_url(site_url)
        .key(SigningKey::load_or_create(Path::new("session.key"))?)
        .build()
        .await?;

    let context = move || provide_context(pool.clone());
    let app = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, {
            let options = options.clone();
            move || shell(options.clone())
        })
        .with_state(options);
    Ok(guardian.protect(app))
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
                        <UserButton show_name=true/>
                    </SignedIn>
                    <SignedOut>
                        <a href="/sign-in">"Sign in"</a>
                    </SignedOut>
                </header>
                <main>
                    <Routes fallback=|| "Page not found.".into_view()>
                        <Route path=path!("/") view=HomePage/>
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
fn HomePage() -> impl IntoView {
    view! { <h1>"An app"</h1> }
}

// Formatted as in the guide.
#[rustfmt::skip]
pub mod sign_in {
    use leptos::prelude::*;
    use leptos_guardian::use_callback_url;

    #[component]
    pub fn SignInPage() -> impl IntoView {
        let sign_in = ServerAction::<SignIn>::new();
        let failure = move || match sign_in.value().get() {
            Some(Err(ServerFnError::ServerError(message))) => message,
            Some(Err(error)) => error.to_string(),
            _ => String::new(),
        };
        let callback_url = use_callback_url();
        view! {
            <h1>"Sign in"</h1>
            <ActionForm action=sign_in>
                <label>"Email " <input type="email" name="email" autocomplete="username" required/></label>
                <label>
                    "Password "
                    <input type="password" name="password" autocomplete="current-password" required/>
                </label>
                {callback_url.map(|url| view! { <input type="hidden" name="callback_url" value=url/> })}
                <p role="alert">{failure}</p>
                <button>"Sign in"</button>
            </ActionForm>
        }
    }

    #[server]
    pub async fn sign_in(
        email: String,
        password: String,
        callback_url: Option<String>,
    ) -> Result<(), ServerFnError> {
        use super::users::find_user;
        use leptos_guardian::{
            AuthError, Profile,
            server::{Auth, Identity},
        };

        let Some(user) = find_user(&email, &password).await? else {
            return Err(ServerFnError::new("The e-mail address or the password is wrong."));
        };
        let auth = Auth::from_context().ok_or(AuthError::NotProtected)?;
        let profile = Profile::new(user.name).email(user.email);
        let identity = Identity::new(user.id.to_string(), profile).method("password");
        auth.sign_in(identity).await?;

        let redirects = auth.guardian().redirects();
        let target = redirects.check(callback_url.as_deref().unwrap_or("/"));
        let target = target.unwrap_or_else(|_| redirects.home());
        leptos_axum::redirect(auth.after_sign_in(&target).as_str());
        Ok(())
    }
}

// Formatted as in the guide.
#[rustfmt::skip]
mod sessions {
    use leptos::prelude::*;
    use leptos_guardian::{RequireSignedIn, SessionList};

    #[component]
    pub fn Sessions() -> impl IntoView {
        view! {
            <RequireSignedIn sign_in_url="/sign-in">
                <h1>"Where you are signed in"</h1>
                <SessionList/>
            </RequireSignedIn>
        }
    }
}

/// What the guide says about passwords and deleted users. No page of this example uses it.
// Formatted as in the guide.
#[rustfmt::skip]
#[allow(dead_code, reason = "the guide's test runs it")]
pub mod account {
    use leptos_guardian::{
        Reason,
        server::{Auth, Guardian},
        with_connection,
    };
    use std::error::Error;

    /// Stores the hash of a new password and ends the user's other sessions, or does neither.
    pub async fn change_password(
        auth: &Auth,
        password_hash: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let user = auth.require_user()?;
        let id: i64 = user.id.parse()?;
        let mut transaction = auth.guardian().begin().await?;
        with_connection!(transaction.connection(), connection => {
            sqlx::query("update users set password_hash = $1 where id = $2")
                .bind(password_hash)
                .bind(id)
                .execute(connection)
                .await?;
        });
        transaction.sign_out_others(auth, Reason::PasswordChange).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a user and ends all of their sessions, or does neither.
    pub async fn delete_user(
        guardian: &Guardian,
        id: i64,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut transaction = guardian.begin().await?;
        with_connection!(transaction.connection(), connection => {
            sqlx::query("delete from users where id = $1").bind(id).execute(connection).await?;
        });
        transaction.sign_out_user(&id.to_string(), Reason::AccountDeleted).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The app's users, which it had before.
mod users {
    use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
    use leptos::{logging::error, prelude::*};
    use sqlx::SqlitePool;

    /// A row of the table.
    #[derive(sqlx::FromRow)]
    pub struct User {
        pub id: i64,
        pub email: String,
        pub name: String,
        password_hash: String,
    }

    /// The user with this address and this password, if there is one.
    pub async fn find_user(email: &str, password: &str) -> Result<Option<User>, ServerFnError> {
        let pool = expect_context::<SqlitePool>();
        let query = sqlx::query_as("select * from users where email = $1").bind(email);
        let found: Option<User> = query.fetch_optional(&pool).await.map_err(|cause| {
            // The log has the cause, the browser does not.
            error!("{cause}");
            ServerFnError::new("The service is not available right now.")
        })?;
        Ok(found.filter(|user| is_right(password, &user.password_hash)))
    }

    fn is_right(password: &str, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| {
            let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
            verified.is_ok()
        })
    }

    /// ada@example.com, whose password is "lovelace".
    const ADA: &str = "insert into users (email, name, password_hash) values ('ada@example.com',
        'Ada Lovelace',
        '$argon2id$v=19$m=19456,t=2,p=1$YW4gZXhhbXBsZSBzYWx0IQ$d5Nb2x9eosbk36pk8qdW9xtWkcugzYYBGgXgDF4q0QE')
        on conflict do nothing";

    pub async fn create_table(pool: &SqlitePool) -> Result<(), sqlx::Error> {
        let create = "create table if not exists users (id integer primary key,
            email text not null unique, name text not null, password_hash text not null)";
        sqlx::query(create).execute(pool).await?;
        sqlx::query(ADA).execute(pool).await?;
        Ok(())
    }
}
