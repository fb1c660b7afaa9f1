//! Each sign-in has its own lifetime, and the browser's cookies fit it.

mod common;

use common::{Browser, Site, TestResponse};
use http::StatusCode;
use leptos_guardian::{Accounts, AuthError, SignOutScope};
use std::time::Duration;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

async fn several_accounts() -> Site {
    Site::with(|builder| builder.accounts_per_browser(3)).await
}

/// The `Max-Age` of the cookie with this name, up to the next minute: on a busy machine, a second passes.
fn max_age(response: &TestResponse, name: &str) -> Option<u64> {
    let cookies = response.all_set_cookies();
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.starts_with(&format!("{name}=")));
    let attributes = cookie.expect("the cookie").split("; ");
    let mut ages = attributes.filter_map(|attribute| attribute.strip_prefix("Max-Age="));
    ages.next()
        .map(|age| age.parse::<u64>().unwrap().div_ceil(60) * 60)
}

async fn switch_to_other(browser: &mut Browser) -> TestResponse {
    let accounts: Result<Accounts, AuthError> = browser.get("/accounts").await.json();
    let other = accounts.unwrap().others.remove(0).session;
    let response = browser.post(&format!("/switch-account/{other}")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    response
}

#[tokio::test]
async fn a_session_that_is_not_remembered_ends_with_the_browser() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let response = browser.sign_in_until_closed("ada").await;
    assert_eq!(max_age(&response, "guardian"), None);
    assert_eq!(
        max_age(&response, "guardian_signed_in"),
        None,
        "the marker goes with it"
    );
    assert_eq!(browser.cookie_names(), ["guardian"]);
    assert_eq!(browser.whoami().await, "ada");
    browser.restart();
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn a_session_that_is_not_remembered_ends_after_an_hour_without_a_request() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in_until_closed("ada").await;
    for _ in 0..3 {
        site.pass_time(Duration::from_secs(HOUR - 60));
        assert_eq!(browser.whoami().await, "ada", "it is in use");
    }
    let mut unused = site.browser();
    unused.sign_in_until_closed("bob").await;
    site.pass_time(Duration::from_secs(HOUR));
    assert_eq!(unused.whoami().await, "nobody");
}

#[tokio::test]
async fn the_shorter_idle_limit_is_the_apps() {
    for (shorter, minutes) in [
        (Duration::from_secs(600), 10),
        (Duration::from_secs(7200), 30),
    ] {
        let site = Site::with(|builder| {
            let builder = builder.idle_timeout(Duration::from_secs(1800));
            builder.browser_idle_timeout(shorter)
        });
        let site = site.await;
        let mut browser = site.browser();
        browser.sign_in_until_closed("ada").await;
        site.pass_time(Duration::from_secs(minutes * 60 - 30));
        assert_eq!(browser.clone().whoami().await, "ada");
        let mut browser = site.browser();
        browser.sign_in_until_closed("ada").await;
        site.pass_time(Duration::from_secs(minutes * 60));
        assert_eq!(browser.whoami().await, "nobody");
    }
}

#[tokio::test]
async fn a_session_lives_as_long_as_its_sign_in_asks() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let response = browser.sign_in_for("ada", 2 * DAY).await;
    assert_eq!(max_age(&response, "guardian"), Some(2 * DAY));
    assert_eq!(max_age(&response, "guardian_signed_in"), Some(2 * DAY));
    browser.restart();
    // It is in use all the time.
    for _ in 0..47 {
        site.pass_time(Duration::from_secs(HOUR));
        assert_eq!(browser.whoami().await, "ada");
    }
    site.pass_time(Duration::from_secs(HOUR));
    assert_eq!(browser.whoami().await, "nobody");
    // Without a request, the app's idle limit still holds.
    let mut unused = site.browser();
    unused.sign_in_for("bob", 30 * DAY).await;
    site.pass_time(Duration::from_secs(14 * DAY));
    assert_eq!(unused.whoami().await, "nobody");
}

#[tokio::test]
async fn a_lifetime_that_the_app_does_not_allow_is_refused_and_changes_nothing() {
    let site = Site::with(|builder| builder.max_age(Duration::from_secs(7 * DAY))).await;
    let mut browser = site.signed_in("ada").await;
    for seconds in [7 * DAY + 1, u64::MAX, 0] {
        let response = browser.sign_in_for("bob", seconds).await;
        assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
        let error = AuthError::InvalidLifetime { longest: 7 * DAY };
        assert_eq!(response.json::<AuthError>(), error);
        assert!(response.set_cookies().is_empty());
        assert_eq!(browser.whoami().await, "ada");
    }
    let response = browser.sign_in_for("bob", 7 * DAY).await;
    assert_eq!(response.status, StatusCode::OK);
}

#[tokio::test]
async fn the_accounts_of_one_browser_keep_their_own_lifetimes() {
    for is_ada_first in [true, false] {
        let site = several_accounts().await;
        let mut browser = site.browser();
        // In either order, the token outlives the browser for ada, and bob's session does not.
        let response = if is_ada_first {
            browser.sign_in_for("ada", 10 * DAY).await;
            browser.sign_in_until_closed("bob").await
        } else {
            browser.sign_in_until_closed("bob").await;
            browser.sign_in_for("ada", 10 * DAY).await
        };
        assert_eq!(max_age(&response, "guardian"), Some(10 * DAY));
        assert_eq!(max_age(&response, "guardian_still_open"), None);
        assert_eq!(browser.accounts().await.len(), 2);
        browser.restart();
        assert_eq!(browser.accounts().await, ["ada"]);
        // What ended with the browser does not come back with a new token.
        browser.post("/renew-token").await;
        assert_eq!(browser.accounts().await, ["ada"]);
        browser.sign_in("cyd").await;
        assert_eq!(browser.accounts().await, ["cyd", "ada"]);
        let response = browser.sign_in_until_closed("dan").await;
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(browser.accounts().await, ["dan", "cyd", "ada"]);
    }
}

#[tokio::test]
async fn an_account_that_ended_with_the_browser_cannot_be_switched_to() {
    let site = several_accounts().await;
    let mut browser = site.browser();
    browser.sign_in_for("ada", DAY).await;
    browser.sign_in_until_closed("bob").await;
    let bob = browser.sessions().await[0].handle.clone();
    browser.restart();
    let response = browser.post(&format!("/switch-account/{bob}")).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.accounts().await, ["ada"]);
}

/// The one that is left must not be remembered because the other one was.
#[tokio::test]
async fn the_end_of_the_remembered_account_does_not_remember_the_other_one() {
    let site = several_accounts().await;
    let mut browser = site.browser();
    browser.sign_in_until_closed("bob").await;
    browser.sign_in_for("ada", DAY).await;
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.accounts().await, ["bob"]);
    let mut closed = browser.clone();
    closed.restart();
    assert_eq!(closed.whoami().await, "nobody");
    // A new token goes with the browser.
    let response = browser.post("/renew-token").await;
    assert_eq!(max_age(&response, "guardian"), None);
    assert_eq!(browser.cookie_names(), ["guardian"]);
    assert_eq!(browser.whoami().await, "bob");
}

#[tokio::test]
async fn a_switch_and_a_renewal_keep_the_lifetimes() {
    let site = several_accounts().await;
    let mut browser = site.browser();
    browser.sign_in_for("ada", 10 * DAY).await;
    browser.sign_in_until_closed("bob").await;
    site.pass_time(Duration::from_secs(30 * 60));
    for _ in 0..2 {
        let response = switch_to_other(&mut browser).await;
        assert_eq!(max_age(&response, "guardian"), Some(10 * DAY - 30 * 60));
        assert_eq!(max_age(&response, "guardian_still_open"), None);
    }
    let response = browser.post("/renew-token").await;
    assert_eq!(max_age(&response, "guardian"), Some(10 * DAY - 30 * 60));
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
    site.pass_time(Duration::from_secs(HOUR));
    assert_eq!(browser.accounts().await, ["ada"], "bob's idle limit");
    browser.restart();
    assert_eq!(browser.accounts().await, ["ada"]);
}

#[tokio::test]
async fn the_cookie_that_shows_an_open_browser_fits_one_token_and_goes_with_it() {
    let site = several_accounts().await;
    let mut browser = site.browser();
    browser.sign_in_for("ada", DAY).await;
    browser.sign_in_until_closed("bob").await;
    let old = browser.clone();
    browser.post("/renew-token").await;
    let mut mixed = browser.clone();
    let of_old = old
        .cookies
        .iter()
        .find(|(name, _)| name == "guardian_still_open");
    let place = mixed
        .cookies
        .iter()
        .position(|(name, _)| name == "guardian_still_open");
    mixed.cookies[place.unwrap()] = of_old.unwrap().clone();
    assert_eq!(mixed.accounts().await, ["ada"]);
    browser.sign_out(SignOutScope::Browser).await;
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
}

#[tokio::test]
async fn a_visitor_keeps_their_data_as_long_as_before() {
    let site = Site::new().await;
    let response = site.browser().post("/remember/word").await;
    assert_eq!(max_age(&response, "guardian"), Some(90 * DAY));
}
