//! A browser whose page could not reach the server to sign out: it left a cookie that says so.

mod common;

use common::{Browser, Site};
use leptos_guardian::{SignOutScope, SignedOut};
use std::time::Duration;

async fn leaving(site: &Site) -> (Browser, Browser) {
    let mut browser = site.signed_in("ada").await;
    let before = browser.clone();
    browser
        .cookies
        .push(("pending_sign_out".into(), "…".into()));
    (browser, before)
}

#[tokio::test]
async fn nobody_is_signed_in_from_the_next_request_on() {
    let site = Site::new().await;
    let (mut browser, _) = leaving(&site).await;
    assert_eq!(browser.is().await, "nobody");
    assert!(browser.accounts().await.is_empty());
    assert_eq!(browser.listen().await.status, http::StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_sign_out_that_follows_ends_the_session_for_good() {
    for scope in [SignOutScope::Local, SignOutScope::Global] {
        let site = Site::new().await;
        let (mut browser, mut replay) = leaving(&site).await;
        let answer = browser.sign_out(scope).await;
        assert_eq!(answer.json::<SignedOut>().ended.len(), 1);
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        assert_eq!(replay.is().await, "nobody");
    }
}

#[tokio::test]
async fn a_sign_in_ends_the_session_too() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let (mut browser, mut replay) = leaving(&site).await;
    browser.sign_in("bob").await;
    assert_eq!(browser.accounts().await, ["bob"]);
    assert_eq!(browser.cookies.len(), 1);
    assert_eq!(replay.is().await, "nobody");
}

#[tokio::test]
async fn the_users_data_is_out_of_sight_and_not_overwritten() {
    let site = Site::new().await;
    let (mut browser, mut replay) = leaving(&site).await;
    replay.post("/remember/secret").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    browser.post("/remember/cart").await;
    assert_eq!(browser.get("/recall").await.body, "cart");
    assert_eq!(replay.get("/recall").await.body, "secret");
}

/// What a visitor stores meanwhile gives the browser a new token; the old one must not be
/// forgotten.
#[tokio::test]
async fn the_session_is_still_ended_after_the_browser_got_another_token() {
    let site = Site::new().await;
    let (mut browser, mut replay) = leaving(&site).await;
    browser.post("/remember/cart").await;
    assert_eq!(browser.cookies.len(), 3);
    browser.sign_out(SignOutScope::Local).await;
    assert!(browser.cookies.is_empty());
    assert_eq!(replay.is().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

/// Asking to be signed out is no activity.
#[tokio::test]
async fn requests_of_a_browser_that_is_leaving_keep_no_session_alive() {
    let site = Site::new().await;
    let (mut browser, mut replay) = leaving(&site).await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    browser.is().await;
    site.pass_time(Duration::from_secs(5 * 24 * 60 * 60));
    assert_eq!(replay.is().await, "nobody");
}

/// Its answer may not arrive: the page cannot be what takes the cookie back.
#[tokio::test]
async fn the_cookie_goes_with_the_answer_also_when_another_account_stays() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    browser
        .cookies
        .push(("pending_sign_out".into(), "x".into()));
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.cookies.len(), 1);
    assert_eq!(browser.accounts().await, ["ada"]);
}
