//! Requests from another site that may change state are refused.

mod common;

use common::{Log, Site};
use http::{Method, Request, StatusCode};

#[tokio::test]
async fn a_post_from_another_site_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/sign-out/local")
            .header(name, value);
        let response = browser.send(request).await;
        assert_eq!(response.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert_eq!(browser.whoami().await, "ada", "{name}: {value}");
    }
}

#[tokio::test]
async fn a_post_from_this_site_or_a_script_is_accepted() {
    let site = Site::new().await;
    for header in [
        Some(("sec-fetch-site", "same-origin")),
        Some(("origin", "http://site.test")),
        None,
    ] {
        let mut browser = site.signed_in("ada").await;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/sign-out/local");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        assert_eq!(
            browser.send(request).await.status,
            StatusCode::OK,
            "{header:?}"
        );
        assert_eq!(browser.whoami().await, "nobody", "{header:?}");
    }
}

#[tokio::test]
async fn the_log_says_what_was_compared_and_what_to_set() {
    let log = Log::start();
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    // nginx's `$host` is without the port. Without https, browsers send no `Sec-Fetch-Site`.
    let request = Request::post("/sign-out/local")
        .header("host", "192.168.1.5")
        .header("origin", "http://192.168.1.5:8080");
    let response = browser.send(request).await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    for compared in [
        "192.168.1.5\"",
        "http://192.168.1.5:8080",
        "http://site.test",
        "proxy_set_header Host $http_host",
    ] {
        log.assert_contains("WARN", compared);
    }
}

#[tokio::test]
async fn a_path_may_accept_what_another_site_posts() {
    let site = Site::with(|builder| builder.accept_cross_site("/sign-in/ada")).await;
    let from_provider = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://provider.example")
    };
    let mut browser = site.browser();
    let response = browser.send(from_provider("/sign-in/ada")).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(browser.whoami().await, "ada");
    for other in [
        "/sign-in/ada/",
        "/sign-in/bob",
        "/sign-out/local",
        "/sign-in",
    ] {
        let response = browser.send(from_provider(other)).await;
        assert_eq!(response.status, StatusCode::FORBIDDEN, "{other}");
    }
    assert_eq!(browser.whoami().await, "ada");
}
