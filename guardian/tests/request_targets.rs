//! The target of a request is a path of this site. Requests with any other target reach no handler.

mod common;

use axum::{Router, body::Body, routing::any};
use common::Site;
use http::{Method, Request, StatusCode, Uri, Version};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tower::ServiceExt as _;

/// A site with one handler for every path, and the number of its calls.
async fn counted_router() -> (Router, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = any(async move || counted.fetch_add(1, SeqCst).to_string());
    let site = Site::new().await;
    let router = Router::new().route("/", handler.clone()).fallback(handler);
    (site.guardian.protect(router), calls)
}

async fn status(router: &Router, method: &Method, target: &str, version: Version) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .uri(target.parse::<Uri>().unwrap())
        .version(version)
        .body(Body::empty())
        .unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn a_target_that_is_not_a_path_reaches_no_handler() {
    let (router, calls) = counted_router().await;
    for version in [Version::HTTP_10, Version::HTTP_11] {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::CONNECT] {
            for target in [
                "a:80",
                "site.test",
                "*",
                "http://site.test",
                "http://site.test/",
                "http://other.test/guardian/events",
                "https://site.test:443/a?b",
                "ftp://a/b",
            ] {
                let status = status(&router, &method, target, version).await;
                assert_eq!(
                    status,
                    StatusCode::BAD_REQUEST,
                    "{method} {target} {version:?}"
                );
            }
        }
        let connect = status(&router, &Method::CONNECT, "/", version).await;
        assert_eq!(connect, StatusCode::BAD_REQUEST);
    }
    assert_eq!(calls.load(SeqCst), 0);
}

#[tokio::test]
async fn a_path_reaches_the_handler() {
    let (router, calls) = counted_router().await;
    let paths = ["/", "/?", "/a/b?c=http://d", "//e", "/*", "/%2F", "/a:80"];
    for (count, path) in paths.into_iter().enumerate() {
        let status = status(&router, &Method::GET, path, Version::HTTP_11).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(calls.load(SeqCst), count + 1, "{path}");
    }
}

/// hyper joins `:scheme`, `:authority` and `:path`.
#[tokio::test]
async fn an_http_2_target_may_name_the_host_with_the_path() {
    let (router, calls) = counted_router().await;
    for (method, target, expected) in [
        (Method::GET, "https://site.test/", StatusCode::OK),
        (Method::GET, "/", StatusCode::OK),
        // A WebSocket (RFC 8441).
        (Method::CONNECT, "https://site.test/chat", StatusCode::OK),
        (Method::CONNECT, "site.test:443", StatusCode::BAD_REQUEST),
        (Method::OPTIONS, "*", StatusCode::BAD_REQUEST),
    ] {
        let status = status(&router, &method, target, Version::HTTP_2).await;
        assert_eq!(status, expected, "{method} {target}");
    }
    assert_eq!(calls.load(SeqCst), 3);
}
