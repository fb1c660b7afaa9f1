//! better-auth on Node, with SQLite: see `better_auth/server.mjs`.

use super::USERS;
use crate::common::{Fresh, Process};
use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// Starts the server on a file of its own. Returns `None` on PostgreSQL, and without the variable
/// `BETTER_AUTH`, which `scripts/bench` sets when the packages are installed.
pub fn start(database: &Fresh) -> Option<(String, Process)> {
    if !database.url.starts_with("sqlite") || env::var_os("BETTER_AUTH").is_none() {
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("requests/sites/better_auth");
    let child = Command::new("node")
        .current_dir(folder)
        .env("NODE_ENV", "production")
        .arg("server.mjs")
        .arg(database.folder.path().join("better-auth.db"))
        .arg(USERS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut process = Process(child.expect("Node"));
    let mut port = String::new();
    if let Some(output) = process.0.stdout.take() {
        let read = BufReader::new(output).read_line(&mut port);
        read.expect("its output");
    }
    let port: u16 = port.trim().parse().expect("its port");
    Some((format!("http://127.0.0.1:{port}"), process))
}
