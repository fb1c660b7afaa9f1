//! The marker: the cookie by which a page notices that somebody has signed in or out.

mod common;

use axum::{Router, routing::get};
use common::{Browser, Site, TestResponse};
use http::{Request, StatusCode, header};
use leptos_guardian::{SignOutScope, server::Builder};

/// The marker that a response sets, with its attributes. An empty value removes it.
fn marker(response: &TestResponse) -> Option<String> {
    let cookies = response.all_set_cookies();
    let mut markers = cookies
        .iter()
        .filter(|cookie| cookie.starts_with("guardian_signed_in="));
    let marker = markers.next().map(|marker| (*marker).to_owned());
    assert_eq!(markers.next(), None, "{cookies:?}");
    marker
}

/// The session that the browser's marker names.
fn marked(browser: &Browser) -> Option<String> {
    let cookies = browser.cookies.iter();
    let marker = cookies
        .clone()
        .find(|(name, _)| name == "guardian_signed_in");
    marker.map(|(_, session)| session.clone())
}

async fn session(browser: &mut Browser) -> String {
    let sessions = browser.sessions().await;
    let current = sessions.into_iter().find(|session| session.is_current);
    current.unwrap().handle.to_string()
}

/// Asks who is signed in, as a page does.
async fn ask(browser: &mut Browser) {
    let request = Request::post("/api/session")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(browser.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_marker_names_the_session_and_a_page_may_read_it() {
    let site = Site::new().await;
    let mut ada = site.browser();
    let marker = marker(&ada.post("/sign-in/ada").await).unwrap();
    assert_eq!(marked(&ada), Some(session(&mut ada).await));
    for attribute in ["SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(marker.contains(attribute), "{marker}");
    }
    assert!(!marker.contains("HttpOnly"), "{marker}");
}

#[tokio::test]
async fn the_marker_is_set_only_when_it_changes() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    assert_eq!(marker(&ada.get("/whoami").await), None);
    let mut visitor = site.browser();
    assert_eq!(marker(&visitor.get("/whoami").await), None);
}

#[tokio::test]
async fn the_marker_goes_with_the_session() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    ada.sign_out(SignOutScope::Local).await;
    assert_eq!(marked(&ada), None);
}

#[tokio::test]
async fn the_marker_of_an_ended_session_goes_when_the_page_asks() {
    let site = Site::with_api().await;
    let mut here = site.signed_in("ada").await;
    let mut elsewhere = site.signed_in("ada").await;
    elsewhere.sign_out(SignOutScope::Others).await;
    // Another response may be late: the browser may have signed in since.
    here.get("/whoami").await;
    assert!(marked(&here).is_some());
    ask(&mut here).await;
    assert_eq!(marked(&here), None);
    ask(&mut elsewhere).await;
    assert!(marked(&elsewhere).is_some());
}

#[tokio::test]
async fn the_marker_follows_a_switch_of_accounts() {
    let site = Site::with(|builder: Builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    let adas = marked(&browser);
    browser.sign_in("grace").await;
    let graces = marked(&browser);
    assert_ne!(graces, adas);
    let switch = format!("/switch-account/{}", adas.as_ref().unwrap());
    browser.post(&switch).await;
    assert_eq!(marked(&browser), adas);
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(
        marked(&browser),
        graces,
        "the other account is the active one"
    );
}

#[tokio::test]
async fn a_browser_that_has_lost_or_changed_its_marker_gets_it_again() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let right = marked(&ada);
    ada.cookies.retain(|(name, _)| name != "guardian_signed_in");
    ada.get("/whoami").await;
    assert_eq!(marked(&ada), right);
    ada.cookies
        .push(("guardian_signed_in".into(), "planted".into()));
    ada.get("/whoami").await;
    assert_eq!(marked(&ada), right);
}

#[tokio::test]
async fn the_marker_signs_nobody_in() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let session = session(&mut ada).await;
    let mut thief = site.browser();
    thief.cookies.push(("guardian_signed_in".into(), session));
    assert_eq!(thief.whoami().await, "nobody");
}

#[tokio::test]
async fn a_response_that_is_the_same_for_everybody_sets_no_marker() {
    let mut site = Site::new().await;
    let routes = site.routes();
    let file = Router::new().route("/file", get(async || "the same for everybody"));
    site.router = site.guardian.protect(routes.merge(file));
    let mut ada = site.signed_in("ada").await;
    ada.cookies.retain(|(name, _)| name != "guardian_signed_in");
    assert_eq!(marker(&ada.get("/file").await), None);
}
