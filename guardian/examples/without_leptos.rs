//! An axum app without Leptos: pages from a template engine, and a static file beside them. Run it with
//! `cargo run --package leptos-guardian --features ssr --example without_leptos`. Anybody may sign in
//! under any name.

use axum::{
    Form, Router,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos_guardian::{
    AuthError, Profile,
    http::StatusCode,
    server::{Auth, Database, Guardian, Identity, SameSite, SigningKey, guardian_head},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let mut builder = Guardian::builder(Database::connect("sqlite::memory:").await?)
        .site_url(env::var("SITE_URL").unwrap_or_else(|_| format!("http://{address}")))
        .key(SigningKey::generate())
        .sign_out_page("/sign-out");
    // The site of static files beside the app, if there is one.
    if let Ok(origin) = env::var("STATIC_SITE") {
        builder = builder.allow_origin(origin);
    }
    // The domain whose hosts share the session.
    if let Ok(domain) = env::var("COOKIE_DOMAIN") {
        builder = builder.cookie_domain(domain);
    }
    if env::var("SAME_SITE").is_ok_and(|same_site| same_site == "Strict") {
        builder = builder.same_site(SameSite::Strict);
    }
    let guardian = builder.build().await?;
    let pages = Router::new()
        .route("/", get(home))
        .route("/account", get(account))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/plan", post(choose_plan))
        .route("/sign-out", get(sign_out_page));
    let router = guardian.protect(pages).merge(guardian.api()).route(
        "/static.html",
        get(Html(include_str!("without_leptos.html"))),
    );
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{address}");
    axum::serve(listener, router).await?;
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

#[derive(Deserialize)]
struct PlanForm {
    plan: String,
}

/// Changes a field of the user in all sessions. Open pages follow.
async fn choose_plan(auth: Auth, Form(form): Form<PlanForm>) -> Result<Redirect, Response> {
    let user = auth.require_user().map_err(IntoResponse::into_response)?;
    let profile = Profile::new(&user.profile.name).with_public("plan", form.plan);
    let profile =
        profile.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()).into_response())?;
    let updated = auth.guardian().update_profile(&user.id, &profile).await;
    updated.map_err(IntoResponse::into_response)?;
    Ok(Redirect::to("/"))
}

fn page(auth: &Auth, title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                (PreEscaped(guardian_head(auth, None)))
            }
            body {
                header {
                    @if auth.user().is_some() {
                        guardian-user-button show-name manage-url="/account" {
                            a href="/sign-out" { "Sign out" }
                        }
                    } @else {
                        a href="/sign-in" { "Sign in" }
                    }
                }
                main { (content) }
            }
        }
    }
}

async fn home(auth: Auth) -> Markup {
    let content = html! {
        @if let Some(user) = auth.user() {
            // The script hides this as soon as nobody is signed in, also without a network.
            h1 data-guardian-signed-in { "Hello, " (user.profile.name) }
            p data-guardian-signed-in { "Plan: " (user.field::<String>("plan").unwrap_or_else(|_| "free".into())) }
        } @else {
            h1 { "Hello, stranger" }
        }
        label { "Note " textarea name="note" {} }
    };
    page(&auth, "Home", content)
}

async fn account(auth: Auth) -> Result<Markup, Redirect> {
    let Some(user) = auth.user() else {
        return Err(Redirect::to("/sign-in"));
    };
    let content = html! {
        div data-guardian-requires-user="/sign-in" {
            h1 { "Your account, " (user.profile.name) }
            guardian-session-list {}
        }
    };
    Ok(page(&auth, "Your account", content))
}

async fn sign_in_page(auth: Auth) -> Markup {
    let content = html! {
        form method="post" action="/sign-in" {
            label { "Name " input name="name" required; }
            button { "Sign in" }
        }
    };
    page(&auth, "Sign in", content)
}

/// For browsers without JavaScript, and after a sign-out that has failed.
async fn sign_out_page(auth: Auth) -> Markup {
    let content = html! {
        form method="post" action="/api/sign_out" {
            button { "Sign out" }
        }
    };
    page(&auth, "Sign out", content)
}
