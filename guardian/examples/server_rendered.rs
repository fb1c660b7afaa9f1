//! Leptos on the server alone: no WebAssembly is built, and the page's script makes the pages live. Run it
//! with `cargo run --package leptos-guardian --features ssr --example server_rendered`. Anybody may sign in
//! under any name.

use axum::{Form, Router, response::Redirect, routing::post};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    AuthError, GuardianHead, MenuLink, Profile, RequireSignedIn, SessionList, SignOut, SignedIn,
    SignedOut, UserButton,
    server::{Auth, Database, Guardian, Identity, SigningKey},
    use_auth,
};
use leptos_router::{
    components::{Route, Router as PageRouter, Routes},
    path,
};
use serde::Deserialize;
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let guardian = Guardian::builder(Database::connect("sqlite::memory:").await?)
        .site_url(format!("http://{address}"))
        .key(SigningKey::generate())
        .accounts_per_browser(3)
        .build()
        .await?;
    let options = LeptosOptions::builder().output_name("app").build();
    let pages = Router::new()
        .leptos_routes(&options, generate_route_list(App), shell)
        .route("/sign-in", post(sign_in))
        .with_state(options);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{address}");
    axum::serve(listener, guardian.protect(pages)).await?;
    Ok(())
}

#[derive(Deserialize)]
struct SignInForm {
    name: String,
}

async fn sign_in(auth: Auth, Form(form): Form<SignInForm>) -> Result<Redirect, AuthError> {
    let identity = Identity::new(form.name.clone(), Profile::new(form.name)).method("name");
    auth.sign_in(identity).await?;
    let home = auth.guardian().redirects().home();
    Ok(Redirect::to(auth.after_sign_in(&home).as_str()))
}

fn shell() -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <title>"Rendered on the server"</title>
                <GuardianHead/>
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
        <PageRouter>
            <header>
                <SignedIn>
                    <UserButton show_name=true manage_url="/account">
                        <MenuLink href="/sign-out">"More ways to sign out"</MenuLink>
                    </UserButton>
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
                    <Route path=path!("/account") view=Account/>
                </Routes>
            </main>
        </PageRouter>
    }
}

#[component]
fn Home() -> impl IntoView {
    let auth = use_auth();
    let name = move || auth.with(|auth| auth.user().map(|user| user.profile.name.clone()));
    view! {
        // The script hides what is inside as soon as nobody is signed in, also without a network.
        <SignedIn>
            <h1>"Hello, "{name}</h1>
        </SignedIn>
        <SignedOut>
            <h1>"Hello, stranger"</h1>
        </SignedOut>
        <label>"Note " <textarea name="note"></textarea></label>
    }
}

#[component]
fn SignInPage() -> impl IntoView {
    view! {
        <form method="post" action="/sign-in">
            <label>"Name " <input name="name" required/></label>
            <button>"Sign in"</button>
        </form>
    }
}

#[component]
fn Account() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Your account"</h1>
            <SessionList/>
        </RequireSignedIn>
    }
}
