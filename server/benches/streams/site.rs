//! The site that the streams are open to, served as the starter is.

use crate::Outcome;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use futures::future::try_join_all;
use http::StatusCode;
use leptos_guardian::{
    Profile, Reason,
    server::{Auth, Database, Guardian, Identity, SigningKey},
    with_pool,
};
use leptos_guardian_serve::server::{self, Limits};
use std::{error::Error, future::pending, io, net::Ipv4Addr, process, thread};
use tokio::net::TcpListener;

/// Prints its port, and serves until the client ends.
pub async fn serve(database: &str) -> Outcome<()> {
    let database = Database::connect(database).await?;
    let guardian = Guardian::builder(database.clone())
        .site_url("http://127.0.0.1")
        .key(SigningKey::generate())
        .build()
        .await?;
    let routes = Router::new()
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-out/{user}", post(sign_out_user))
        .route("/whoami", get(who_am_i))
        .with_state(guardian.clone())
        .route("/fill-caches", post(fill_caches).with_state(database));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(stop_with_client);
    server::serve(
        listener,
        guardian.protect(routes),
        Limits::default(),
        pending(),
    )
    .await;
    Ok(())
}

async fn sign_in(auth: Auth, Path(user): Path<String>) -> StatusCode {
    let identity = Identity::new(user.clone(), Profile::new(user)).method("test");
    no_content(auth.sign_in(identity).await)
}

async fn sign_out_user(State(guardian): State<Guardian>, Path(user): Path<String>) -> StatusCode {
    no_content(guardian.sign_out_user(&user, Reason::Administrator).await)
}

async fn who_am_i(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.id.clone())
}

/// Reads all sessions on every connection. What a connection caches of them does not grow with the
/// streams, and must not count as their memory.
async fn fill_caches(State(database): State<Database>) -> StatusCode {
    // By their handles, as the streams do.
    const READ: &str = "select count(*) from guardian_session as one where exists (
        select 1 from guardian_session as found
        where found.handle = one.handle and found.expires_at > 0
    )";
    no_content(with_pool!(&database, pool => {
        let all = (0..pool.options().get_max_connections()).map(|_| async {
            let mut connection = pool.acquire().await?;
            sqlx::query(READ).execute(&mut *connection).await?;
            Ok(connection)
        });
        // Holds each connection until all are open.
        let all: Result<_, sqlx::Error> = try_join_all(all).await;
        all.map(drop)
    }))
}

/// A response without a body ends with its headers.
fn no_content<T>(outcome: Result<T, impl Error>) -> StatusCode {
    match outcome {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("server: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Standard input ends when the client ends, in whatever way.
fn stop_with_client() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(0);
}
