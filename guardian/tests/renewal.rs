//! Whatever raises what a session may do gives the browser a new token, and the one before is worth
//! nothing any more (OWASP ASVS 5.0, 7.2.4).

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
async fn a_copy_of_the_token_before_is_out() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    for change in ["/renew-token", "/sign-out-others", "/change-and-renew"] {
        let mut browser = two_accounts(&site).await;
        let mut copy = browser.clone();
        let answer = browser.post(change).await;
        assert_eq!(answer.status, StatusCode::OK, "{change}: {}", answer.body);
        assert_eq!(answer.set_cookies().len(), 1, "{change}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(copy.is().await, "nobody", "{change}");
        assert_eq!(copy.get("/recall").await.body, "nothing", "{change}");
        assert_eq!(browser.accounts().await, ["bob", "ada"], "{change}");
        assert_eq!(browser.get("/recall").await.body, "word", "{change}");
        assert_eq!(browser.sessions().await.len(), 1, "{change}");
        browser.sign_out(SignOutScope::Browser).await;
    }
}

#[tokio::test]
async fn so_is_one_from_before_another_account_became_the_active_one() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = two_accounts(&site).await;
    let ada = browser.accounts().await;
    assert_eq!(ada, ["bob", "ada"]);
    let mut copy = browser.clone();
    let mut other_tab = browser.clone();
    switch_to_other(&mut browser).await;
    assert_eq!(copy.is().await, "nobody");
    assert_eq!(browser.accounts().await, ["ada", "bob"]);
    // A second tab that switches with the token before does no harm.
    let late = other_tab.post("/switch-account/whatever").await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    switch_to_other(&mut browser).await;
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
}

async fn switch_to_other(browser: &mut Browser) {
    let accounts: serde_json::Value = browser.get("/accounts").await.json();
    let other = accounts["Ok"]["others"][0]["session"].as_str().unwrap();
    let answer = browser.post(&format!("/switch-account/{other}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn an_account_that_is_not_there_renews_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.post("/switch-account/unknown").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.is().await, "ada");
}

#[tokio::test]
async fn a_change_that_is_given_up_or_fails_leaves_the_token_as_it_was() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.post("/give-up-renewal").await;
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.is().await, "ada");

    site.execute("alter table guardian_session rename to away")
        .await;
    let failed = browser.post("/renew-token").await;
    site.execute("alter table away rename to guardian_session")
        .await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(failed.set_cookies().is_empty());
    assert_eq!(browser.is().await, "ada");
}

#[tokio::test]
async fn a_change_during_which_the_session_ends_brings_it_not_back() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow-sign-out-others").await });
    site.slow.arrived.notified().await;
    browser.clone().sign_out(SignOutScope::Global).await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();
    assert!(late.set_cookies().is_empty());
    assert_eq!(browser.clone().is().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

/// The new token may be on its way to the browser.
#[tokio::test]
async fn what_the_browser_sends_with_the_token_before_overwrites_nothing_and_signs_out() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut late = browser.clone();
    browser.post("/renew-token").await;
    let answer = late.post("/remember/late").await;
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.is().await, "ada");
    let done: SignedOut = late.sign_out(SignOutScope::Local).await.json();
    assert_eq!(done.ended.len(), 1);
    assert_eq!(browser.is().await, "nobody");

    let mut browser = site.signed_in("ada").await;
    let mut copy = browser.clone();
    browser.post("/renew-token").await;
    site.pass_time(Duration::from_secs(61));
    let done: SignedOut = copy.sign_out(SignOutScope::Global).await.json();
    assert_eq!(done.ended.len(), 0, "a thief's copy, a minute later");
    assert_eq!(browser.is().await, "ada");
}
