//! The list of a user's sessions, and ending one of them by its handle.

mod common;

use axum::{Extension, extract::ConnectInfo};
use common::{Browser, Site};
use http::Request;
use leptos_guardian::{AuthError, SessionPage, SignOutScope, SignedOut};
use std::{net::SocketAddr, time::Duration};

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn sign_in_with(browser: &mut Browser, user: &str, headers: &[(&str, &str)]) {
    let mut request = Request::post(format!("/sign-in/{user}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request).await;
}

#[tokio::test]
async fn the_list_has_this_session_first_then_by_last_use() {
    let site = Site::new().await;
    let mut here = site.browser();
    sign_in_with(&mut here, "ada", &[("user-agent", FIREFOX)]).await;
    site.pass_time(Duration::from_secs(60));
    site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(60));
    let mut phone = site.signed_in("ada").await;
    site.signed_in("bob").await;

    let sessions = here.sessions().await;
    assert_eq!(sessions.len(), 3);
    let current: Vec<bool> = sessions.iter().map(|session| session.is_current).collect();
    assert_eq!(current, [true, false, false]);
    assert!(
        sessions[0].created_at < sessions[2].created_at,
        "it comes first though it is the oldest"
    );
    assert!(sessions[1].last_seen_at > sessions[2].last_seen_at);
    assert_eq!(sessions[0].browser.as_deref(), Some("Firefox 128"));
    assert_eq!(sessions[0].system.as_deref(), Some("Windows"));
    assert_eq!(sessions[0].method, "test");
    assert_eq!(sessions[1].browser, None);
    assert!(phone.sessions().await[0].is_current);
}

#[tokio::test]
async fn the_list_holds_no_secret() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let token = browser.cookies[0].1[44..].to_owned();
    let body = browser.get("/sessions").await.body;
    assert!(!body.contains(&token), "{body}");
    let copy = site.copy_of_database().await;
    let handle = browser.sessions().await[0].handle.to_string();
    let mut forged = browser.clone();
    forged.cookies[0].1.replace_range(44.., &handle);
    assert_eq!(forged.whoami().await, "nobody");
    assert!(!copy.is_empty());
}

#[tokio::test]
async fn only_the_users_live_sessions_are_listed() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(15 * 24 * 60 * 60));
    let mut browser = site.signed_in("ada").await;
    assert_eq!(browser.sessions().await.len(), 1);
    let nobody: Result<SessionPage, AuthError> = site.browser().get("/sessions").await.json();
    assert_eq!(nobody, Err(AuthError::SignedOut));
}

#[tokio::test]
async fn a_list_that_cannot_be_loaded_is_an_error_and_not_empty() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.execute("alter table guardian_session rename column user_agent to away")
        .await;
    let listed: Result<SessionPage, AuthError> = browser.get("/sessions").await.json();
    assert_eq!(listed, Err(AuthError::Unavailable));
}

#[tokio::test]
async fn a_handle_ends_that_session_alone() {
    let site = Site::new().await;
    let mut here = site.signed_in("ada").await;
    let mut there = site.signed_in("ada").await;
    let mut third = site.signed_in("ada").await;
    let handle = there.sessions().await[0].handle.clone();
    let response = here.post(&format!("/sign-out-session/{handle}")).await;
    assert_eq!(response.json::<SignedOut>().ended, [handle]);
    assert!(response.set_cookies().is_empty());
    assert_eq!(there.whoami().await, "nobody");
    assert_eq!(here.whoami().await, "ada");
    assert_eq!(third.whoami().await, "ada");
}

#[tokio::test]
async fn the_handle_of_this_session_signs_out_here() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.clone();
    browser.post(&format!("/sign-out-session/{handle}")).await;
    assert!(browser.cookies.is_empty());
    assert_eq!(site.count("guardian_session").await, 0);
}

/// The response does not reveal whether a handle exists, and nothing ends.
#[tokio::test]
async fn another_users_handle_is_like_an_unknown_one() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let handle = bob.sessions().await[0].handle.clone();
    for browser in [&mut ada, &mut site.browser()] {
        let foreign = browser.post(&format!("/sign-out-session/{handle}")).await;
        let unknown = browser.post("/sign-out-session/no-such-session").await;
        assert_eq!(foreign.status, unknown.status);
        assert_eq!(foreign.body, unknown.body);
        assert_eq!(foreign.headers, unknown.headers);
    }
    assert_eq!(bob.whoami().await, "bob");
    assert_eq!(ada.whoami().await, "ada");
    assert_eq!(site.count("guardian_event").await, 0);
}

#[tokio::test]
async fn the_ip_is_the_connections_unless_a_trusted_proxy_reports_another() {
    let proxy = SocketAddr::from(([10, 0, 0, 1], 4711));
    for (trusted, expected) in [(None, "10.0.0.1"), (Some("10.0.0.0/8"), "203.0.113.9")] {
        let site = Site::with(|builder| match trusted {
            Some(network) => builder.trust_proxy(network),
            None => builder,
        })
        .await;
        let mut browser = site.browser();
        browser.router = browser.router.layer(Extension(ConnectInfo(proxy)));
        sign_in_with(&mut browser, "ada", &[("x-forwarded-for", "203.0.113.9")]).await;
        let sessions = browser.sessions().await;
        assert_eq!(sessions[0].ip.as_deref(), Some(expected));
    }
}

/// The request is sent twice. The second one must end nothing more.
#[tokio::test]
async fn a_scope_can_be_relative_to_another_session() {
    for (scope, left) in [
        (SignOutScope::Local, ["ada", "nobody", "ada"]),
        (SignOutScope::Others, ["nobody", "ada", "nobody"]),
        (SignOutScope::Global, ["nobody", "nobody", "nobody"]),
    ] {
        let site = Site::new().await;
        let mut browsers = [
            site.signed_in("ada").await,
            site.signed_in("ada").await,
            site.signed_in("ada").await,
        ];
        let mut bob = site.signed_in("bob").await;
        let handle = browsers[1].sessions().await[0].handle.clone();
        let path = format!("/sign-out-session/{handle}/{scope}");
        // Another user cannot do this.
        assert!(bob.post(&path).await.json::<SignedOut>().ended.is_empty());
        for _ in 0..2 {
            browsers[0].clone().post(&path).await;
        }
        for (browser, expected) in browsers.iter_mut().zip(left) {
            assert_eq!(browser.whoami().await, expected, "{scope}");
        }
        assert_eq!(bob.whoami().await, "bob");
    }
}

/// The handle names another session, but the cookie goes because this one ended, too.
#[tokio::test]
async fn a_global_sign_out_relative_to_another_device_ends_this_session_too() {
    let site = Site::new().await;
    let mut here = site.signed_in("ada").await;
    let mut there = site.signed_in("ada").await;
    let handle = there.sessions().await[0].handle.clone();
    here.post(&format!("/sign-out-session/{handle}/global"))
        .await;
    assert!(here.cookies.is_empty());
}
