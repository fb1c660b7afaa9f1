//! The site that the streams are open to, served as the starter is.

use crate::Outcome;
use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use http::StatusCode;
use leptos_guardian::{
    Profile, Reason,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use server::serve;
use std::{error::Error, future::pending, io, net::Ipv4Addr, process, thread};
use tokio::net::TcpListener;

/// Serves until the client ends, and says on which port.
pub async fn serve(database: &str) -> Outcome<()> {
    let guardian = Guardian::builder(Database::connect(database).await?)
        .site_url("http://127.0.0.1")
        .key(SigningKey::generate())
        .build()
        .await?;
    let routes = Router::new()
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-out/{user}", post(sign_out_user))
        .route("/sign-out-everyone", post(sign_out_everyone))
        .with_state(guardian.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(stop_with_client);
    serve::serve(listener, guardian.protect(routes), pending()).await;
    Ok(())
}

async fn sign_in(auth: Auth, Path(user): Path<String>) -> StatusCode {
    let identity = Identity {
        profile: Profile {
            name: user.clone(),
            ..Default::default()
        },
        user_id: user,
        method: "test".into(),
    };
    no_content(auth.sign_in(identity).await)
}

async fn sign_out_user(State(guardian): State<Guardian>, Path(user): Path<String>) -> StatusCode {
    no_content(guardian.sign_out_user(&user, Reason::Administrator).await)
}

async fn sign_out_everyone(State(guardian): State<Guardian>) -> StatusCode {
    no_content(guardian.sign_out_everyone(Reason::Administrator).await)
}

/// An answer without a body: it ends where its headers end.
fn no_content<T>(outcome: Result<T, impl Error>) -> StatusCode {
    match outcome {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("server: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// The client holds the other end of standard input, however it ends.
fn stop_with_client() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(0);
}
