//! The pages' script, as `guardian.routes()` serves it.

mod common;

use axum::body::Body;
use common::{Browser, Site, TestResponse};
use http::{HeaderName, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const NAMED: &str = "/guardian/guardian.js";
const TYPES: &str = "/guardian/guardian.d.ts";

/// The path that changes with the module: 64 bits of FNV-1a.
fn hashed_path(module: &str) -> String {
    let hash = module
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    format!("/guardian/{hash:016x}.js")
}

/// A visitor and a user.
async fn browsers(site: &Site) -> [Browser; 2] {
    [site.browser(), site.signed_in("ada").await]
}

#[track_caller]
fn assert_header(response: &TestResponse, name: HeaderName, value: &str) {
    assert_eq!(response.headers[name], value);
}

/// Asserts that a response is the same for everybody.
#[track_caller]
fn assert_for_everybody(response: &TestResponse) {
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.headers.get(header::SET_COOKIE), None);
    assert_header(response, header::VARY, "accept-encoding");
}

#[tokio::test]
async fn the_module_has_a_name_that_static_pages_know() {
    let site = Site::new().await;
    for mut browser in browsers(&site).await {
        let response = browser.get(NAMED).await;
        assert_for_everybody(&response);
        assert_header(
            &response,
            header::CONTENT_TYPE,
            "text/javascript; charset=utf-8",
        );
        assert_header(&response, header::CACHE_CONTROL, "no-cache");
        assert!(response.body.contains("window.guardian"));
    }
}

#[tokio::test]
async fn browsers_keep_the_module_for_good_under_a_name_that_changes_with_it() {
    let site = Site::new().await;
    for mut browser in browsers(&site).await {
        let module = browser.get(NAMED).await.body;
        let response = browser.get(&hashed_path(&module)).await;
        assert_for_everybody(&response);
        assert_header(
            &response,
            header::CONTENT_TYPE,
            "text/javascript; charset=utf-8",
        );
        let caching = "public, max-age=31536000, immutable";
        assert_header(&response, header::CACHE_CONTROL, caching);
        assert_eq!(response.body, module);
    }
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let site = Site::new().await;
    for path in [NAMED, TYPES] {
        let mut browser = site.browser();
        let tag = browser.get(path).await.headers[header::ETAG].clone();
        let known = format!("\"another\", {}", tag.to_str().unwrap());
        for (tags, status) in [
            (known.as_str(), StatusCode::NOT_MODIFIED),
            ("\"another\"", StatusCode::OK),
        ] {
            let request = Request::get(path).header(header::IF_NONE_MATCH, tags);
            let response = browser.send(request).await;
            assert_eq!(response.status, status);
            assert_eq!(response.headers[header::ETAG], tag);
            assert_header(&response, header::CACHE_CONTROL, "no-cache");
            assert_eq!(response.body.is_empty(), status != StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn the_module_is_small_for_browsers_that_accept_brotli() {
    let site = Site::new().await;
    let request = Request::get(NAMED).header(header::ACCEPT_ENCODING, "gzip, deflate, br");
    let request = request.body(Body::empty()).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() <= 7 * 1024, "{} bytes", body.len());
}

#[tokio::test]
async fn the_types_are_text() {
    let site = Site::new().await;
    let response = site.browser().get(TYPES).await;
    assert_for_everybody(&response);
    assert_header(&response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    assert!(response.body.contains("export interface Guardian"));
}

#[tokio::test]
async fn the_script_of_another_site_is_refused() {
    let site = Site::new().await;
    let request = Request::get(format!("http://elsewhere.test{NAMED}"));
    let response = site.browser().send(request).await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
}
