//! Pages of another origin, which the app allows to use the library's routes.

mod common;

use common::{Browser, Site, TestResponse};
use http::{Method, Request, StatusCode, header};
use leptos_guardian::{
    SignedOut,
    server::{BuildError, Database, Guardian, SigningKey},
};

const ALLOWED: &str = "https://www.site.test";

async fn site() -> Site {
    let site = Site::with(|builder| builder.allow_origin(ALLOWED)).await;
    site.add_api()
}

/// Sends a request as a browser does for a page of this origin.
async fn send(browser: &mut Browser, method: Method, path: &str, origin: &str) -> TestResponse {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ORIGIN, origin)
        .header("sec-fetch-site", "same-site")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    browser.send_with(request, "").await
}

/// Returns the origin whose pages may read the response, with the visitor's cookies.
fn readable_by(response: &TestResponse) -> Option<&str> {
    let headers = &response.headers;
    let origin = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
    let credentials = headers.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)?;
    assert_eq!(credentials, "true");
    let varies = headers[header::VARY].to_str().unwrap();
    assert!(varies.contains("origin"), "{varies}");
    Some(origin.to_str().unwrap())
}

#[tokio::test]
async fn an_allowed_origin_shows_the_user_and_signs_out() {
    let site = site().await;
    let mut ada = site.signed_in("ada").await;
    for (method, path) in [
        (Method::GET, "/guardian/fragment/user-button"),
        (Method::GET, "/guardian/fragment/page"),
        (Method::POST, "/api/session"),
        (Method::POST, "/api/sessions"),
    ] {
        let response = send(&mut ada, method, path, ALLOWED).await;
        assert_eq!(response.status, StatusCode::OK, "{path}");
        assert_eq!(readable_by(&response), Some(ALLOWED), "{path}");
    }
    let response = send(&mut ada, Method::POST, "/api/sign_out", ALLOWED).await;
    assert_eq!(readable_by(&response), Some(ALLOWED));
    let done: SignedOut = response.json();
    // On the other origin, a path would lead elsewhere.
    assert_eq!(done.url.as_deref(), Some("http://site.test/"));
    assert_eq!(ada.whoami().await, "nobody");
}

#[tokio::test]
async fn any_other_origin_reads_and_changes_nothing() {
    let site = site().await;
    let mut ada = site.signed_in("ada").await;
    for origin in [
        "https://evil.example",
        "http://www.site.test",
        "https://www.site.test:8443",
        "https://www.site.test.evil.example",
        "https://WWW.site.test",
        "null",
    ] {
        let button = send(
            &mut ada,
            Method::GET,
            "/guardian/fragment/user-button",
            origin,
        )
        .await;
        assert_eq!(readable_by(&button), None, "{origin}");
        // A cache must not send this response to a page of the allowed origin.
        let varies = button.headers[header::VARY].to_str().unwrap();
        assert!(varies.contains("origin"), "{varies}");
        for function in ["session", "sign_out", "switch_account"] {
            let path = format!("/api/{function}");
            let response = send(&mut ada, Method::POST, &path, origin).await;
            assert_eq!(response.status, StatusCode::FORBIDDEN, "{origin} {path}");
            assert_eq!(readable_by(&response), None);
        }
    }
    assert_eq!(ada.whoami().await, "ada");
}

#[tokio::test]
async fn the_routes_of_the_app_stay_closed_to_an_allowed_origin() {
    let site = site().await;
    let mut ada = site.signed_in("ada").await;
    let response = send(&mut ada, Method::POST, "/sign-out/local", ALLOWED).await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    let response = send(&mut ada, Method::GET, "/whoami", ALLOWED).await;
    assert_eq!(response.body, "ada");
    assert_eq!(readable_by(&response), None);
}

#[tokio::test]
async fn without_an_allowed_origin_nothing_is_readable() {
    let site = Site::with_api().await;
    let mut ada = site.signed_in("ada").await;
    let button = send(
        &mut ada,
        Method::GET,
        "/guardian/fragment/user-button",
        ALLOWED,
    )
    .await;
    assert_eq!(readable_by(&button), None);
    let response = send(&mut ada, Method::POST, "/api/sign_out", ALLOWED).await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.whoami().await, "ada");
}

#[tokio::test]
async fn pages_of_an_allowed_origin_load_the_script_and_the_stylesheet() {
    for (site, is_shared) in [(site().await, true), (Site::new().await, false)] {
        for file in ["guardian.js", "guardian.css", "guardian.d.ts"] {
            let response = site.browser().get(&format!("/guardian/{file}")).await;
            assert_eq!(response.status, StatusCode::OK, "{file}");
            let headers = &response.headers;
            let origin = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(origin.is_some_and(|origin| origin == "*"), is_shared);
            let policy = headers.get("cross-origin-resource-policy");
            assert_eq!(policy.is_some_and(|it| it == "cross-origin"), is_shared);
            assert!(!headers.contains_key(header::SET_COOKIE));
        }
    }
}

#[tokio::test]
async fn an_origin_that_is_none_is_refused() {
    for origin in ["*", "www.site.test", "null", "file:///", ""] {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        let built = Guardian::builder(database)
            .site_url("https://site.test")
            .key(SigningKey::generate())
            .allow_origin(origin)
            .build()
            .await;
        assert!(matches!(built, Err(BuildError::NotASite(_))), "{origin}");
    }
}
