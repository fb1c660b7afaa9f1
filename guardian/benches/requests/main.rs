//! The cost of a session check, a sign-in and a sign-out, compared with the same site on other libraries,
//! without sessions, and with a bare read of the same row.

#[path = "../common/mod.rs"]
mod common;
mod over_http;
mod sites;

use tokio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    over_http::measure(&runtime);
}
