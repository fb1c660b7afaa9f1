//! What a session check, a sign-in and a sign-out cost, beside the same site without sessions and
//! with axum-login's.

#[path = "../common/mod.rs"]
mod common;
mod in_process;
mod over_http;
mod sites;

use tokio::runtime::Runtime;

fn main() {
    // A runtime each: what the sites of one do in the background ends with it.
    let runtime = || Runtime::new().expect("a runtime");
    over_http::measure(&runtime());
    in_process::measure(&runtime());
}
