//! The same small site several times: on leptos-guardian, on other libraries, and without any.

mod axum_login;
mod bare_read;
mod better_auth;
mod guardian;

use crate::common::{Fresh, Process};
use axum::{Router, routing::get};
use std::env;
use tokio::net::TcpListener;

/// The number of users: user-0, user-1, …
pub const USERS: usize = 100;

pub const PLAIN: &str = "without sessions";
pub const BARE_READ: &str = "one prepared read";
pub const OURS: &str = "leptos-guardian";
pub const AXUM_LOGIN: &str = "axum-login 0.18";
pub const AXUM_LOGIN_SYNCED: &str = "axum-login 0.18, commits synced";
pub const BETTER_AUTH: &str = "better-auth 1.7 on Node";

/// The sites' names, in the order of the report.
pub const NAMES: [&str; 6] = [
    PLAIN,
    BARE_READ,
    OURS,
    AXUM_LOGIN,
    AXUM_LOGIN_SYNCED,
    BETTER_AUTH,
];

/// Every site has `/whoami`. Those with sessions also sign in and out, by POST.
pub struct Site {
    pub name: &'static str,
    pub has_sessions: bool,
    pub origin: String,
    /// The server, if it is another program.
    _process: Option<Process>,
}

/// Starts the sites that the command line asks for, or all.
pub async fn start(database: &Fresh) -> Vec<Site> {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = wanted.iter().filter(|it| !it.starts_with('-')).collect();
    let mut sites = Vec::new();
    for name in NAMES {
        if wanted.is_empty() || wanted.iter().any(|it| *it == name) {
            sites.extend(Site::start(name, database).await);
        }
    }
    sites
}

impl Site {
    /// Returns `None` if the site cannot run here.
    async fn start(name: &'static str, database: &Fresh) -> Option<Self> {
        let (origin, process) = match name {
            BETTER_AUTH => {
                let (origin, process) = better_auth::start(database)?;
                (origin, Some(process))
            }
            _ => (serve(router(name, database).await).await, None),
        };
        Some(Self {
            name,
            has_sessions: ![PLAIN, BARE_READ].contains(&name),
            origin,
            _process: process,
        })
    }
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

/// Returns the origin at which a router is served.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}
