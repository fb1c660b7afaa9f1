//! Invariant 4: nothing comes back.

mod common;

use common::Site;
use leptos_guardian::SignOutScope;

/// tower-sessions-sqlx-store's own `save` is an upsert, with which this brings the row back.
#[tokio::test]
async fn a_request_in_flight_brings_neither_session_nor_data_back() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let replay = browser.clone();

    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();

    assert!(late.status.is_success());
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(replay.clone().is().await, "nobody");
    assert_eq!(replay.clone().get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// The browser has a new cookie by the time the late answer arrives.
#[tokio::test]
async fn a_late_answer_does_not_overwrite_the_next_sign_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    browser.sign_in("bob").await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(browser.is().await, "bob");
}

/// A live session's data is still saved: the guard above must not refuse everything.
#[tokio::test]
async fn a_request_in_flight_saves_the_data_of_a_live_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    site.slow.go_on.notify_one();
    slow.await.unwrap();
    assert_eq!(browser.get("/recall").await.body, "new");
}

#[tokio::test]
async fn two_sign_outs_at_once_both_succeed_and_end_one_session() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let (mut first, mut second) = (browser.clone(), browser);
    let (first, second) = tokio::join!(
        first.sign_out(SignOutScope::Local),
        second.sign_out(SignOutScope::Local)
    );
    let ended = |answer: &common::Answer| answer.json::<leptos_guardian::SignedOut>().ended.len();
    assert_eq!(ended(&first) + ended(&second), 1);
    assert_eq!(site.count("guardian_event").await, 1);
}
