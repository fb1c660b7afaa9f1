//! leptos-guardian, with its defaults.

use crate::common::Fresh;
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use leptos_guardian::{
    Profile, SignOutOptions,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};

pub async fn router(database: &Fresh) -> Router {
    let database = Database::connect(&database.url)
        .await
        .expect("the database");
    let guardian = Guardian::builder(database)
        .site_url("http://127.0.0.1")
        .key(SigningKey::generate())
        .build()
        .await
        .expect("the guardian");
    guardian.protect(
        Router::new()
            .route("/whoami", get(who_am_i))
            .route("/sign-in/{user}", post(sign_in))
            .route("/sign-out", post(sign_out)),
    )
}

async fn who_am_i(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.profile.name.clone())
}

async fn sign_in(auth: Auth, Path(user): Path<String>) {
    let profile = Profile::new(user.clone()).email(format!("{user}@example.com"));
    let identity = Identity::new(user, profile).method("password");
    auth.sign_in(identity).await.expect("signed in");
}

async fn sign_out(auth: Auth) {
    auth.sign_out(SignOutOptions::default())
        .await
        .expect("signed out");
}
