//! The code of the README's guide is in the example, and the example works.

#[path = "common/code.rs"]
mod code;
#[path = "../examples/existing_app.rs"]
mod existing_app;

use axum::{Router, body::Body};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use sqlx::SqlitePool;
use std::{env, fs};
use tower::ServiceExt as _;

const GUIDE: &str = include_str!("../README.md");
const EXAMPLE: &str = include_str!("../examples/existing_app.rs");

#[test]
fn the_guides_code_blocks_are_in_the_example() {
    let blocks: Vec<_> = code::blocks(GUIDE, "```rust,ignore\n").collect();
    assert!(blocks.len() > 5, "{}", blocks.len());
    for block in blocks {
        code::assert_contains(EXAMPLE, block);
    }
}

async fn send(router: &Router, request: Request<String>) -> Response<Body> {
    let request = request.map(Body::from);
    router.clone().oneshot(request).await.expect("a response")
}

fn post(path: &str, cookie: &str, fields: &str) -> Request<String> {
    Request::post(path)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .body(fields.into())
        .expect("a request")
}

async fn page(router: &Router, path: &str, cookie: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::COOKIE, cookie);
    let response = send(router, request.body(String::new()).expect("a request")).await;
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body");
    (
        status,
        String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    )
}

fn cookie(response: &Response<Body>) -> String {
    let cookie = &response.headers()[header::SET_COOKIE];
    let cookie = cookie.to_str().expect("a cookie").split(';').next();
    cookie.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_example_signs_its_users_in_and_out() {
    // The example writes its key to the current folder.
    let folder = tempfile::tempdir().expect("a folder");
    env::set_current_dir(&folder).expect("the folder");
    fs::write("app.db", "").expect("a file");
    let pool = SqlitePool::connect("sqlite://app.db")
        .await
        .expect("a pool");
    let router = existing_app::router(pool).await.expect("the example");

    let wrong = "email=ada@example.com&password=wrong";
    let refused = send(&router, post("/api/sign_in", "", wrong)).await;
    assert!(!refused.headers().contains_key(header::SET_COOKIE));
    let right = "email=ada@example.com&password=lovelace";
    let response = send(&router, post("/api/sign_in", "", right)).await;
    assert_eq!(response.headers()[header::LOCATION], "/");
    let cookie = cookie(&response);

    let (_, home) = page(&router, "/", &cookie).await;
    assert!(home.contains("guardian-name\">Ada Lovelace"), "{home}");
    let (_, sessions) = page(&router, "/sessions", &cookie).await;
    assert!(sessions.contains("This device"), "{sessions}");

    let response = send(&router, post("/api/sign_out", &cookie, "")).await;
    assert_eq!(response.headers()[header::LOCATION], "/");
    let (_, home) = page(&router, "/", &cookie).await;
    assert!(
        !home.contains("Account of") && home.contains("/sign-in"),
        "{home}"
    );
    let (status, _) = page(&router, "/sessions", &cookie).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}
