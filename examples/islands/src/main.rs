//! The server of the example.

use axum::{Form, Router, response::Redirect, routing::post};
use islands::{App, shell};
use leptos::prelude::LeptosOptions;
use leptos_axum::{LeptosRoutes as _, file_and_error_handler, generate_route_list};
use leptos_guardian::{
    AuthError, Profile,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use serde::Deserialize;
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let guardian = Guardian::builder(Database::connect("sqlite::memory:").await?)
        .site_url(format!("http://{address}"))
        .key(SigningKey::generate())
        .build()
        .await?;
    let options = LeptosOptions::builder()
        .output_name("islands")
        .site_root("target/site-islands")
        .build();
    let pages = Router::new()
        .leptos_routes(&options, generate_route_list(App), {
            let options = options.clone();
            move || shell(options.clone())
        })
        .route("/sign-in", post(sign_in))
        .with_state(options.clone());
    let files = Router::new()
        .fallback(file_and_error_handler::<LeptosOptions, _>(shell))
        .with_state(options);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{address}");
    axum::serve(listener, guardian.protect(pages).fallback_service(files)).await?;
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
