//! Every change that lets a session do more gives the browser a new token. The previous one becomes
//! worthless (OWASP ASVS 5.0, 7.2.4).

mod common;

use common::{Browser, Site};
use http::StatusCode;
use leptos_guardian::{SignOutScope, SignedOut};
use std::time::Duration;

async fn two_accounts(site: &Site) -> Browser {
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    browser.post("/remember/word").await;
    browser
}

#[tokio::test]
async fn a_copy_of_the_previous_token_signs_nobody_in() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    for change in ["/renew-token", "/sign-out-others", "/change-and-renew"] {
        let mut browser = two_accounts(&site).await;
        let mut copy = browser.clone();
        let response = browser.post(change).await;
        assert_eq!(
            response.status,
            StatusCode::OK,
            "{change}: {}",
            response.body
        );
        assert_eq!(response.set_cookies().len(), 1, "{change}");
        assert_eq!(response.headers["cache-control"], "no-store");
        assert_eq!(copy.whoami().await, "nobody", "{change}");
        assert_eq!(copy.get("/recall").await.body, "nothing", "{change}");
        assert_eq!(browser.accounts().await, ["bob", "ada"], "{change}");
        assert_eq!(browser.get("/recall").await.body, "word", "{change}");
        assert_eq!(browser.sessions().await.len(), 1, "{change}");
        browser.sign_out(SignOutScope::Browser).await;
    }
}

#[tokio::test]
async fn switching_accounts_replaces_the_token() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = two_accounts(&site).await;
    let ada = browser.accounts().await;
    assert_eq!(ada, ["bob", "ada"]);
    let mut copy = browser.clone();
    let mut other_tab = browser.clone();
    switch_to_other(&mut browser).await;
    assert_eq!(copy.whoami().await, "nobody");
    assert_eq!(browser.accounts().await, ["ada", "bob"]);
    // A second tab that switches with the previous token does no harm.
    let late = other_tab.post("/switch-account/whatever").await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    switch_to_other(&mut browser).await;
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
}

async fn switch_to_other(browser: &mut Browser) {
    let accounts: serde_json::Value = browser.get("/accounts").await.json();
    let other = accounts["Ok"]["others"][0]["session"].as_str().unwrap();
    let response = browser.post(&format!("/switch-account/{other}")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

#[tokio::test]
async fn switching_to_an_unknown_account_changes_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let response = browser.post("/switch-account/unknown").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert!(response.set_cookies().is_empty());
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn a_renewal_that_is_rolled_back_or_fails_keeps_the_token() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let response = browser.post("/give-up-renewal").await;
    assert!(response.set_cookies().is_empty());
    assert_eq!(browser.whoami().await, "ada");

    site.execute("alter table guardian_session rename to away")
        .await;
    let failed = browser.post("/renew-token").await;
    site.execute("alter table away rename to guardian_session")
        .await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(failed.set_cookies().is_empty());
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn a_renewal_does_not_restore_a_session_that_ends_meanwhile() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow-sign-out-others").await });
    site.pause.reached.notified().await;
    browser.clone().sign_out(SignOutScope::Global).await;
    site.pause.resume.notify_one();
    let late = slow.await.unwrap();
    assert!(late.set_cookies().is_empty());
    assert_eq!(browser.clone().whoami().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

/// The response with the new token may not have reached the browser yet.
#[tokio::test]
async fn the_previous_token_cannot_write_but_can_sign_out_for_a_minute() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut late = browser.clone();
    browser.post("/renew-token").await;
    let response = late.post("/remember/late").await;
    assert!(response.set_cookies().is_empty());
    assert_eq!(browser.whoami().await, "ada");
    let done: SignedOut = late.sign_out(SignOutScope::Local).await.json();
    assert_eq!(done.ended.len(), 1);
    assert_eq!(browser.whoami().await, "nobody");

    let mut browser = site.signed_in("ada").await;
    let mut copy = browser.clone();
    browser.post("/renew-token").await;
    site.pass_time(Duration::from_secs(61));
    let done: SignedOut = copy.sign_out(SignOutScope::Global).await.json();
    assert_eq!(done.ended.len(), 0, "a minute later, it is a thief's copy");
    assert_eq!(browser.whoami().await, "ada");
}
