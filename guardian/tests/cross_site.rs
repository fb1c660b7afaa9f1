//! Requests from another site that may change state are refused.

mod common;

use common::Site;
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
