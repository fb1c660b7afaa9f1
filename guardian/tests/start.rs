//! What the server does at its start, so that no request has to.
#![cfg(target_os = "linux")]

mod common;

use common::Site;
use std::time::Duration;

/// Compiling the rules for user agents takes 400 ms in an unoptimised build. A request takes some 10.
const LIMIT: Duration = Duration::from_millis(150);

/// The processor time of this thread, which does not depend on how busy the machine is.
fn thread_time() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = times.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

#[tokio::test(flavor = "current_thread")]
async fn the_first_list_of_sessions_compiles_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let before = thread_time();
    assert_eq!(browser.sessions().await.len(), 1);
    let spent = thread_time() - before;
    assert!(spent < LIMIT, "{spent:?}");
}
