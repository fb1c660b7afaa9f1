//! The same small site three times: without sessions, with leptos-guardian, and with axum-login.

mod axum_login;

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

/// The number of users: user-0, user-1, …
pub const USERS: usize = 100;

/// The sites' names, in the order of [`all`].
pub const NAMES: [&str; 3] = ["without sessions", "leptos-guardian", "axum-login 0.18"];
pub const OURS: usize = 1;
pub const AXUM_LOGIN: usize = 2;

/// Every site has `/whoami`. Those with sessions also sign in and out, by POST.
pub struct Site {
    pub has_sessions: bool,
    pub router: Router,
}

pub async fn all(database: &Fresh) -> Vec<Site> {
    vec![
        Site {
            has_sessions: false,
            router: Router::new().route("/whoami", get(async || "ada")),
        },
        Site {
            has_sessions: true,
            router: guardian(database).await,
        },
        Site {
            has_sessions: true,
            router: axum_login::router(database).await,
        },
    ]
}

async fn guardian(database: &Fresh) -> Router {
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
