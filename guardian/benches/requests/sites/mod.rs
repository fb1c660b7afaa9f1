//! The same small site several times: on leptos-guardian, on other libraries, and without any.

mod axum_login;
mod bare_read;
mod guardian;

use crate::common::Fresh;
use axum::{Router, routing::get};
use std::env;

/// The number of users: user-0, user-1, …
pub const USERS: usize = 100;

pub const PLAIN: &str = "without sessions";
pub const BARE_READ: &str = "one prepared read";
pub const OURS: &str = "leptos-guardian";
pub const AXUM_LOGIN: &str = "axum-login 0.18";
pub const AXUM_LOGIN_SYNCED: &str = "axum-login 0.18, commits synced";

/// The sites' names, in the order of the report.
pub const NAMES: [&str; 5] = [PLAIN, BARE_READ, OURS, AXUM_LOGIN, AXUM_LOGIN_SYNCED];

/// Every site has `/whoami`. Those with sessions also sign in and out, by POST.
pub struct Site {
    pub name: &'static str,
    pub has_sessions: bool,
    pub router: Router,
}

/// The sites that the command line asks for, or all.
pub async fn chosen(database: &Fresh) -> Vec<Site> {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = wanted.iter().filter(|it| !it.starts_with('-')).collect();
    let mut sites = Vec::new();
    for name in NAMES {
        if wanted.is_empty() || wanted.iter().any(|it| *it == name) {
            sites.push(Site {
                name,
                has_sessions: ![PLAIN, BARE_READ].contains(&name),
                router: router(name, database).await,
            });
        }
    }
    sites
}

async fn router(name: &str, database: &Fresh) -> Router {
    match name {
        PLAIN => Router::new().route("/whoami", get(async || "ada")),
        BARE_READ => bare_read::router(database).await,
        OURS => guardian::router(database).await,
        AXUM_LOGIN => axum_login::router(database, false).await,
        _ => axum_login::router(database, true).await,
    }
}
