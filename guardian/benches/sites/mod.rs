//! The same small site three times: without sessions, with ours, and with axum-login's.

mod axum_login;
// The tests have the same need.
#[path = "../../tests/common/database.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod database;

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use leptos_guardian::{
    Profile, SignOutOptions,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use tempfile::TempDir;

/// A database of the measurement's own.
pub struct Fresh {
    pub name: &'static str,
    pub url: String,
    _folder: Option<TempDir>,
}

/// SQLite, and PostgreSQL if `TEST_POSTGRES_URL` names a server.
pub async fn databases() -> Vec<Fresh> {
    let folder = TempDir::new().expect("a folder for the database");
    let mut databases = vec![Fresh {
        name: "SQLite",
        url: database::on_sqlite(&folder),
        _folder: Some(folder),
    }];
    if let Some(server) = database::postgres_server() {
        databases.push(Fresh {
            name: "PostgreSQL",
            url: database::on_postgres(&server).await,
            _folder: None,
        });
    }
    databases
}

/// Every site answers `/whoami`, and signs in and out by a POST.
pub struct Site {
    pub name: &'static str,
    pub has_sessions: bool,
    pub router: Router,
}

pub async fn all(database: &Fresh) -> Vec<Site> {
    vec![
        Site {
            name: "without sessions",
            has_sessions: false,
            router: Router::new().route("/whoami", get(async || "ada")),
        },
        Site {
            name: "leptos-guardian",
            has_sessions: true,
            router: guardian(database).await,
        },
        Site {
            name: "axum-login",
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
    let identity = Identity {
        profile: Profile {
            name: user.clone(),
            email: Some(format!("{user}@example.com")),
            picture: None,
        },
        user_id: user,
        method: "password".into(),
    };
    auth.sign_in(identity).await.expect("signed in");
}

async fn sign_out(auth: Auth) {
    auth.sign_out(SignOutOptions::default())
        .await
        .expect("signed out");
}
