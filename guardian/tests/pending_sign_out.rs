//! A page could not reach the server to sign out, and left a cookie that says so.

mod common;

use common::{Browser, Site};
use leptos_guardian::{SignOutScope, SignedOut};
use std::time::Duration;

/// A browser with a pending sign-out, and the same browser before it.
async fn with_pending_sign_out(site: &Site) -> (Browser, Browser) {
    let mut browser = site.signed_in("ada").await;
    let before = browser.clone();
    browser
        .cookies
        .push(("guardian_pending_sign_out".into(), "…".into()));
    (browser, before)
}

#[tokio::test]
async fn the_next_request_is_not_signed_in() {
    let site = Site::new().await;
    let (mut browser, _) = with_pending_sign_out(&site).await;
    assert_eq!(browser.whoami().await, "nobody");
    assert!(browser.accounts().await.is_empty());
    assert_eq!(
        browser.open_stream().await.status,
        http::StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn the_sign_out_that_follows_ends_the_session_for_good() {
    for scope in [SignOutScope::Local, SignOutScope::Global] {
        let site = Site::new().await;
        let (mut browser, mut replay) = with_pending_sign_out(&site).await;
        let response = browser.sign_out(scope).await;
        assert_eq!(response.json::<SignedOut>().ended.len(), 1);
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        assert_eq!(replay.whoami().await, "nobody");
    }
}

#[tokio::test]
async fn a_sign_in_ends_the_session_too() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let (mut browser, mut replay) = with_pending_sign_out(&site).await;
    browser.sign_in("bob").await;
    assert_eq!(browser.accounts().await, ["bob"]);
    assert_eq!(browser.cookie_names(), ["guardian"]);
    assert_eq!(replay.whoami().await, "nobody");
}

#[tokio::test]
async fn the_users_data_is_hidden_and_not_overwritten() {
    let site = Site::new().await;
    let (mut browser, mut replay) = with_pending_sign_out(&site).await;
    replay.post("/remember/secret").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    browser.post("/remember/cart").await;
    assert_eq!(browser.get("/recall").await.body, "cart");
    assert_eq!(replay.get("/recall").await.body, "secret");
}

/// A visitor who stores data gets a new token. The sign-out must not forget the old one.
#[tokio::test]
async fn the_sign_out_ends_the_session_even_if_the_visitor_got_a_new_token() {
    let site = Site::new().await;
    let (mut browser, mut replay) = with_pending_sign_out(&site).await;
    browser.post("/remember/cart").await;
    assert_eq!(browser.cookie_names().len(), 3);
    browser.sign_out(SignOutScope::Local).await;
    assert!(browser.cookies.is_empty());
    assert_eq!(replay.whoami().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

#[tokio::test]
async fn requests_during_a_pending_sign_out_do_not_keep_the_session_alive() {
    let site = Site::new().await;
    let (mut browser, mut replay) = with_pending_sign_out(&site).await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    browser.whoami().await;
    site.pass_time(Duration::from_secs(5 * 24 * 60 * 60));
    assert_eq!(replay.whoami().await, "nobody");
}

/// The page may be gone before the response arrives, so the server removes the cookie.
#[tokio::test]
async fn the_response_removes_the_cookie_even_if_another_account_stays() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    browser
        .cookies
        .push(("guardian_pending_sign_out".into(), "x".into()));
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.cookie_names(), ["guardian"]);
    assert_eq!(browser.accounts().await, ["ada"]);
}
