//! The cost of a session check, a sign-in and a sign-out, compared with the same site without
//! sessions and with axum-login.

#[path = "../common/mod.rs"]
mod common;
mod in_process;
mod over_http;
mod sites;

use tokio::runtime::Runtime;

fn main() {
    // A runtime each, so that the first sites' background work ends with theirs.
    let runtime = || Runtime::new().expect("a runtime");
    over_http::measure(&runtime());
    in_process::measure(&runtime());
}
