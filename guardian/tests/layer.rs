//! `guardian.layer()` and `guardian.routes()`, for apps that build their own stack.

mod common;

use axum::{Router, body::Body, routing::get};
use common::Site;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos_guardian::{SignOutScope, server::Auth};
use tower::ServiceExt as _;

async fn who_is_it(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.id.clone())
}

/// The path of the stylesheet, which changes with its content: 64 bits of FNV-1a.
fn stylesheet_path(css: &[u8]) -> String {
    let hash = css.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("/guardian/{hash:016x}.css")
}

/// A site whose routes are put together by hand: some protected, one not.
fn by_hand(site: &Site, protected: Router) -> Router {
    Router::new()
        .merge(protected.layer(site.guardian.layer()))
        .merge(site.guardian.routes())
        .route("/unprotected", get(who_is_it))
}

#[tokio::test]
async fn a_layered_router_signs_in_and_out_and_tells_open_pages() {
    let mut site = Site::new().await;
    site.router = by_hand(&site, site.routes());
    let mut browser = site.signed_in("ada").await;
    let mut replay = browser.clone();
    let mut page = browser.open_page().await;
    assert_eq!(browser.whoami().await, "ada");
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
    assert_eq!(replay.whoami().await, "nobody");
}

#[tokio::test]
async fn a_layered_route_refuses_other_sites_and_other_targets() {
    let site = Site::new().await;
    let router = by_hand(&site, site.routes());
    let from_elsewhere = Request::post("/sign-in/ada").header("sec-fetch-site", "cross-site");
    let proxied = Request::get("http://elsewhere.test/whoami");
    for (request, status) in [
        (from_elsewhere, StatusCode::FORBIDDEN),
        (proxied, StatusCode::BAD_REQUEST),
    ] {
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn an_unknown_path_is_protected_too() {
    let mut site = Site::new().await;
    site.router = by_hand(&site, site.routes());
    for mut browser in [site.browser(), site.signed_in("ada").await] {
        let response = browser.get("/no-such-page").await;
        assert_eq!(response.status, StatusCode::NOT_FOUND);
        assert_eq!(response.headers[header::VARY], "cookie");
        assert!(response.headers.contains_key(header::CACHE_CONTROL));
    }
}

#[tokio::test]
async fn an_unprotected_route_says_so() {
    let site = Site::new().await;
    let request = Request::get("/unprotected").body(Body::empty()).unwrap();
    let response = by_hand(&site, Router::new())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        body,
        r#"{"error":"not_protected","message":"Sessions are not set up on this server."}"#
    );
}

#[tokio::test]
async fn the_stylesheet_is_the_same_for_everybody() {
    let mut site = Site::new().await;
    let page = Router::new().route("/page", get(async || "page"));
    site.router = site.guardian.protect(page.merge(site.routes()));
    let mut browser = site.signed_in("ada").await;
    let css = include_bytes!("../src/components/guardian.css");
    let response = browser.get(&stylesheet_path(css)).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.headers[header::VARY], "accept-encoding");
    let caching = &response.headers[header::CACHE_CONTROL];
    assert_eq!(caching, "public, max-age=31536000, immutable");
}
