//! The server functions of an app without Leptos's routes: `guardian.api()`.

mod common;

use common::{Browser, Site, TestResponse};
use http::{Method, Request, StatusCode, header};
use leptos_guardian::{Accounts, SignOutScope, SignedOut};
use serde_json::Value;

/// Posts a form to a server function, as a plain form or as a script does.
async fn post(browser: &mut Browser, path: &str, fields: &str, accept: &str) -> TestResponse {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, accept);
    browser.send_with(request, fields).await
}

async fn post_script(browser: &mut Browser, path: &str, fields: &str) -> TestResponse {
    post(browser, path, fields, "*/*").await
}

#[tokio::test]
async fn a_script_gets_json() {
    let site = Site::with_api().await;
    let mut ada = site.signed_in("ada").await;
    let session = post_script(&mut ada, "/api/session", "").await;
    assert_eq!(session.json::<Accounts>().active.id, "ada");
    let done = post_script(&mut ada, "/api/sign_out", "callback_url=/bye").await;
    assert_eq!(done.status, StatusCode::OK);
    let done: SignedOut = done.json();
    assert_eq!(
        (done.scope, done.url.as_deref()),
        (SignOutScope::Local, Some("/bye"))
    );
    assert_eq!(ada.whoami().await, "nobody");
    let session = post_script(&mut ada, "/api/session", "").await;
    assert_eq!(session.json::<Option<Accounts>>(), None);
}

#[tokio::test]
async fn a_form_gets_a_redirect() {
    let site = Site::with_api().await;
    for (fields, target) in [
        ("", "/"),
        ("callback_url=", "/"),
        ("callback_url=/bye", "/bye"),
    ] {
        let mut ada = site.signed_in("ada").await;
        let response = post(&mut ada, "/api/sign_out", fields, "text/html").await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        assert_eq!(response.headers[header::LOCATION], target, "{fields}");
        assert_eq!(ada.whoami().await, "nobody");
    }
}

#[tokio::test]
async fn what_is_refused_signs_nobody_out_and_says_why() {
    let site = Site::with_api().await;
    let mut ada = site.signed_in("ada").await;
    for fields in [
        "scope=everything",
        "scoop=global",
        "scope=local&scope=global",
    ] {
        let refused = post_script(&mut ada, "/api/sign_out", fields).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{fields}");
        let body: Value = refused.json();
        assert_eq!(body["error"], "malformed");
        assert_eq!(
            body["message"],
            "The sign-out request could not be understood."
        );
        let page = post(&mut ada, "/api/sign_out", fields, "text/html").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert_eq!(page.headers[header::LOCATION], "/sign-out?error=malformed");
        assert_eq!(ada.whoami().await, "ada");
    }
}

#[tokio::test]
async fn an_unknown_account_is_refused() {
    let site = Site::with_api().await;
    let mut ada = site.signed_in("ada").await;
    let refused = post_script(&mut ada, "/api/switch_account", "session=unknown").await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(refused.json::<Value>()["error"], "unknown_account");
    assert_eq!(ada.whoami().await, "ada");
}

#[tokio::test]
async fn the_functions_are_behind_the_layer() {
    let site = Site::with_api().await;
    let mut ada = site.signed_in("ada").await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/sign_out")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(ada.send(request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.whoami().await, "ada");
}
