//! The components' HTML for the page's script: `/guardian/fragment/…`.

mod common;

use common::{Browser, Site, TestResponse};
use http::{StatusCode, header};
use leptos_guardian::{SignOutScope, server::Builder};
use serde_json::Value;
use std::time::Duration;

async fn fragment(browser: &mut Browser, address: &str) -> TestResponse {
    let response = browser.get(&format!("/guardian/fragment/{address}")).await;
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(
        response.headers[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    response
}

/// Asserts that the fragment has the texts, in this order.
#[track_caller]
fn assert_order(response: &TestResponse, texts: &[&str]) {
    let mut rest = response.body.as_str();
    for text in texts {
        let found = rest.split_once(text);
        (_, rest) = found.unwrap_or_else(|| panic!("{text} in {}", response.body));
    }
}

/// What the script must know of a page.
async fn page_data(browser: &mut Browser) -> Value {
    let page = fragment(browser, "page").await;
    let (_, data) = page.body.split_once("id=\"guardian-page\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[tokio::test]
async fn the_user_button_shows_the_user_of_the_request() {
    let site = Site::with(|builder: Builder| builder.accounts_per_browser(2)).await;
    let address = "user-button?show_name&manage_url=/account&add_account_url=/sign-in&menu_id=m1";
    let mut browser = site.signed_in("ada").await;
    let button = fragment(&mut browser, address).await;
    let parts = [
        "data-guardian-part=\"trigger\"",
        "popovertarget=\"m1\"",
        "guardian-name",
        "ada",
        "id=\"m1\"",
        "data-guardian-part=\"identity\"",
        "href=\"/account\"",
        "/api/sign_out",
        "href=\"/sign-in\"",
    ];
    assert_order(&button, &parts);
    browser.sign_in("grace").await;
    let button = fragment(&mut browser, address).await;
    assert_order(
        &button,
        &["grace", "Switch to", "ada", "Sign out of all accounts"],
    );
    browser.sign_out(SignOutScope::Browser).await;
    let nobodys = fragment(&mut browser, address).await;
    assert_eq!(nobodys.status, StatusCode::OK);
    for private in ["ada", "grace", "/account", "Sign out"] {
        assert!(!nobodys.body.contains(private), "{}", nobodys.body);
    }
}

#[tokio::test]
async fn the_session_list_has_the_sessions_of_the_user() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    site.signed_in("ada").await;
    site.signed_in("grace").await;
    let list = fragment(&mut ada, "session-list").await;
    assert_eq!(list.body.matches("<li id=\"guardian-session-").count(), 2);
    assert_order(
        &list,
        &[
            "This device",
            "Sign out everywhere else",
            "Sign out everywhere",
        ],
    );
}

#[tokio::test]
async fn the_session_list_is_shown_in_pages_that_keep_the_query() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    site.add_sessions(60, "'handle' || i", "user_id", "expires_at")
        .await;
    let first = fragment(&mut ada, "session-list?tab=devices").await;
    assert_eq!(first.body.matches("<li id=").count(), 50);
    assert_order(&first, &["?tab=devices&amp;after=", "Show more"]);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_says_so() {
    let site = Site::new().await;
    let mut visitor = site.browser();
    let nobodys = fragment(&mut visitor, "session-list").await;
    assert_eq!(nobodys.status, StatusCode::UNAUTHORIZED);
    assert_order(&nobodys, &["could not be loaded", "You are signed out."]);
    let mut ada = site.signed_in("ada").await;
    let list = fragment(&mut ada, "session-list?after=nonsense").await;
    assert_eq!(list.status, StatusCode::BAD_REQUEST);
    assert_order(&list, &["could not be loaded", "Try again"]);
}

#[tokio::test]
async fn the_sign_out_panel_offers_what_the_user_can_end() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let panel = fragment(&mut ada, "sign-out?scope=global&callback_url=/bye").await;
    let parts = [
        "You are signed in as",
        "ada",
        "value=\"/bye\"",
        "value=\"global\" checked",
    ];
    assert_order(&panel, &parts);
    let panel = fragment(&mut site.browser(), "sign-out").await;
    assert_order(&panel, &["Nobody is signed in in this browser."]);
}

#[tokio::test]
async fn the_sign_out_button_is_a_form() {
    let site = Site::new().await;
    let address = "sign-out-button?scope=others&callback_url=/bye&redirect=false&text=Elsewhere";
    for mut browser in [site.browser(), site.signed_in("ada").await] {
        let button = fragment(&mut browser, address).await;
        let parts = [
            "value=\"/bye\"",
            "value=\"false\"",
            "value=\"others\"",
            "Elsewhere",
        ];
        assert_order(&button, &parts);
    }
}

#[tokio::test]
async fn what_the_address_says_is_text() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for address in [
        format!("user-button?manage_url={hostile}&menu_id={hostile}&callback_url={hostile}"),
        format!("sign-out-button?text={hostile}&session={hostile}&callback_url={hostile}"),
        format!("sign-out?callback_url={hostile}&session={hostile}&error={hostile}"),
        format!("session-list?tab={hostile}"),
    ] {
        let response = fragment(&mut ada, &address).await;
        assert!(!response.body.contains("<script"), "{}", response.body);
    }
}

#[tokio::test]
async fn a_page_without_data_gets_it() {
    let site = Site::new().await;
    let nobodys = page_data(&mut site.browser()).await;
    assert_eq!(nobodys["state"], Value::Null);
    assert!(
        nobodys.as_object().unwrap().contains_key("state"),
        "nobody, not unknown"
    );
    assert_eq!(nobodys["cookies"]["marker"], "guardian_signed_in");
    let pending = nobodys["cookies"]["pending"].as_str().unwrap();
    assert!(
        pending.starts_with("guardian_pending_sign_out=1; "),
        "{pending}"
    );
    assert!(!pending.contains("HttpOnly"), "{pending}");
    let adas = page_data(&mut site.signed_in("ada").await).await;
    assert_eq!(adas["state"]["active"]["id"], "ada");
    assert_eq!(adas["state"]["others"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn over_https_the_pages_cookies_are_secure() {
    let site = Site::with(|builder| builder.site_url("https://site.test")).await;
    let data = page_data(&mut site.browser()).await;
    assert_eq!(data["cookies"]["marker"], "__Host-guardian_signed_in");
    let pending = data["cookies"]["pending"].as_str().unwrap();
    assert!(
        pending.starts_with("__Host-guardian_pending_sign_out=1; "),
        "{pending}"
    );
    assert!(pending.contains("; Secure"), "{pending}");
}

#[tokio::test]
async fn a_name_cannot_end_the_pages_data() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in("%3C%2Fscript%3E%3Cscript%3E").await;
    let data = page_data(&mut browser).await;
    assert_eq!(data["state"]["active"]["id"], "</script><script>");
}

#[tokio::test]
async fn an_unknown_fragment_is_not_found() {
    let site = Site::new().await;
    let response = site.browser().get("/guardian/fragment/nothing").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_page_asks_for_by_itself_keeps_no_session_alive() {
    let site = Site::with(|builder: Builder| builder.idle_timeout(Duration::from_secs(3600))).await;
    let mut ada = site.signed_in("ada").await;
    for _ in 0..3 {
        site.pass_time(Duration::from_secs(1500));
        fragment(&mut ada, "session-list").await;
    }
    assert_eq!(ada.whoami().await, "nobody");
}
