//! Every kind of response has the security headers, also one that no handler has made.

mod common;

use axum::{Router, body::Body, response::Response, routing::get};
use common::{Site, TestResponse, config};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use leptos::prelude::*;
use leptos_guardian_serve::server::{RequestLimits, with_layers};
use server::router::{LIMITS, security_headers};
use std::{future::pending, path::Path, time::Duration};
use tempfile::TempDir;
use tower::ServiceExt as _;

const HTTP: &[(&str, &str)] = &[];
const HTTPS: &[(&str, &str)] = &[("SITE_URL", "https://site.test")];

/// A site's folder, with an asset and another file.
fn site_root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &Path, text| std::fs::write(root.path().join(path), text).unwrap();
    std::fs::create_dir(root.path().join("pkg")).unwrap();
    write(
        Path::new("favicon.svg"),
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
    );
    write(Path::new("pkg/app.css"), "main { color: black }");
    root
}

async fn site(settings: &[(&str, &str)], root: &TempDir) -> Site {
    let root = root.path().to_str().unwrap();
    Site::with_settings(&[settings, &[("LEPTOS_SITE_ROOT", root)]].concat()).await
}

#[track_caller]
fn assert_secure(headers: &HeaderMap, is_https: bool, what: &str) {
    let one = |name: &'static str| {
        let mut values = headers.get_all(HeaderName::from_static(name)).iter();
        let value = values.next().unwrap_or_else(|| panic!("{what}: no {name}"));
        assert!(values.next().is_none(), "{what}: several {name}");
        value.to_str().unwrap().to_owned()
    };
    let policy = one("content-security-policy");
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action ",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("https:"), "{what}: {policy}");
    assert!(!policy.contains("data:"), "{what}: {policy}");
    assert_eq!(one("x-content-type-options"), "nosniff", "{what}");
    let shared = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    assert!(shared.is_none(), "{what}: {shared:?}");
    assert_eq!(one("referrer-policy"), "same-origin", "{what}");
    assert_eq!(one("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(one("cross-origin-resource-policy"), "same-origin", "{what}");
    let permissions = one("permissions-policy");
    for denied in ["camera=()", "microphone=()", "geolocation=()", "payment=()"] {
        assert!(permissions.contains(denied), "{what}: {permissions}");
    }
    if is_https {
        assert_eq!(
            one("strict-transport-security"),
            "max-age=31536000",
            "{what}"
        );
    } else {
        assert!(
            !headers.contains_key(header::STRICT_TRANSPORT_SECURITY),
            "{what}"
        );
    }
    assert!(!headers.contains_key("clear-site-data"), "{what}");
}

#[tokio::test]
async fn every_kind_of_response_has_the_security_headers() {
    let root = site_root();
    for (settings, is_https) in [(HTTP, false), (HTTPS, true)] {
        let site = site(settings, &root).await;
        let stylesheet = stylesheet(&site).await;
        for (path, expected) in [
            ("/", StatusCode::OK),
            ("/sign-in", StatusCode::OK),
            ("/account", StatusCode::SEE_OTHER),
            ("/no-such-page", StatusCode::NOT_FOUND),
            ("/favicon.svg", StatusCode::OK),
            ("/pkg/app.css", StatusCode::OK),
            ("/pkg/no-such-file.js", StatusCode::NOT_FOUND),
            ("/guardian/events", StatusCode::NO_CONTENT),
            ("/guardian/signed-in", StatusCode::BAD_REQUEST),
            (&stylesheet, StatusCode::OK),
        ] {
            let response = site.get(path, "").await;
            assert_eq!(response.status, expected, "{path}");
            assert_secure(&response.headers, is_https, path);
        }
        for (path, fields, expected) in [
            ("/api/session", "", StatusCode::OK),
            ("/api/sessions", "", StatusCode::UNAUTHORIZED),
            (
                "/api/sign_in",
                "email=a&password=b",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            ("/api/sign_out", "scope=nonsense", StatusCode::BAD_REQUEST),
            ("/pkg/app.css", "", StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let response = site.post(path, "", fields).await;
            assert_eq!(response.status, expected, "{path}: {}", response.body);
            assert_secure(&response.headers, is_https, path);
        }
    }
}

async fn stylesheet(site: &Site) -> String {
    let page = site.get("/", "").await.body;
    let start = page.find("/guardian/").unwrap();
    page[start..start + page[start..].find('"').unwrap()].to_owned()
}

#[tokio::test]
async fn a_refused_request_gets_the_security_headers() {
    let root = site_root();
    for (settings, is_https) in [(HTTP, false), (HTTPS, true)] {
        let site = site(settings, &root).await;
        let request = |method, target: &str| Request::builder().method(method).uri(target);
        let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let large = "a".repeat(100_000);
        for (request, body, expected, what) in [
            (
                request(Method::POST, "/api/sign_out").header("sec-fetch-site", "cross-site"),
                "",
                StatusCode::FORBIDDEN,
                "another site's",
            ),
            (
                request(Method::POST, "/api/sign_in").header(form.0, form.1),
                &large,
                StatusCode::PAYLOAD_TOO_LARGE,
                "a large body",
            ),
            (
                request(Method::GET, "a:80"),
                "",
                StatusCode::BAD_REQUEST,
                "an authority",
            ),
            (
                request(Method::CONNECT, "a:80"),
                "",
                StatusCode::BAD_REQUEST,
                "a tunnel",
            ),
            (
                request(Method::OPTIONS, "*"),
                "",
                StatusCode::BAD_REQUEST,
                "the server",
            ),
            (
                request(Method::GET, "http://site.test/pkg/app.css"),
                "",
                StatusCode::BAD_REQUEST,
                "another site's file",
            ),
            (
                request(Method::GET, "/").header(header::HOST, "ada@site.test"),
                "",
                StatusCode::BAD_REQUEST,
                "a Host with a user",
            ),
            (
                request(Method::DELETE, "/sign-in"),
                "",
                StatusCode::METHOD_NOT_ALLOWED,
                "a method that does not exist",
            ),
        ] {
            let response = site.send(request, body.to_owned()).await;
            assert_eq!(response.status, expected, "{what}: {}", response.body);
            assert_secure(&response.headers, is_https, what);
        }
    }
}

fn broken_page() -> impl IntoView {
    let fails = true;
    assert!(!fails, "a page panics while it is rendered");
}

/// Routes that fail in every way, behind the layers of the site.
fn failing(settings: &[(&str, &str)]) -> Router {
    let panics = async || -> Response { panic!("a handler panics") };
    let routes = Router::new()
        .route("/panic", get(panics))
        .route(
            "/broken",
            get(leptos_axum::render_app_to_stream(broken_page)),
        )
        .route("/endless", get(async || -> Response { pending().await }));
    let limit = Duration::from_millis(200);
    let config = config("sqlite://unused.db", settings);
    let limits = RequestLimits {
        time: limit,
        ..LIMITS
    };
    with_layers(routes, &security_headers(&config), limits)
}

#[tokio::test]
async fn a_failed_request_gets_the_security_headers() {
    for (settings, is_https) in [(HTTP, false), (HTTPS, true)] {
        for (path, expected) in [
            ("/panic", StatusCode::INTERNAL_SERVER_ERROR),
            ("/broken", StatusCode::INTERNAL_SERVER_ERROR),
            ("/endless", StatusCode::SERVICE_UNAVAILABLE),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = failing(settings).oneshot(request).await.unwrap();
            assert_eq!(response.status(), expected, "{path}");
            assert_secure(response.headers(), is_https, path);
            assert_eq!(
                response.headers()[header::CACHE_CONTROL],
                "no-store",
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn the_owner_can_change_the_hsts_header_or_switch_it_off() {
    let root = site_root();
    let all = "max-age=63072000; includeSubDomains; preload";
    for (hsts, expected) in [(all, Some(all)), ("off", None)] {
        let site = site(&[HTTPS, &[("HSTS", hsts)]].concat(), &root).await;
        let response = site.get("/", "").await;
        let found = response.headers.get(header::STRICT_TRANSPORT_SECURITY);
        assert_eq!(
            found.map(HeaderValue::as_bytes),
            expected.map(str::as_bytes)
        );
    }
}

#[tokio::test]
async fn a_page_may_load_what_it_needs_and_no_more() {
    let site = Site::new().await;
    let TestResponse { headers, .. } = site.get("/", "").await;
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let part = |name: &str| {
        let mut parts = policy.split(';').map(str::trim);
        let found = parts.find_map(|part| part.strip_prefix(name));
        found
            .unwrap_or_else(|| panic!("no {name}: {policy}"))
            .trim()
            .to_owned()
    };
    assert_eq!(part("img-src"), "'self'");
    assert_eq!(part("style-src"), "'self'");
    assert_eq!(part("connect-src"), "'self'");
    assert_eq!(part("form-action"), "'self'");
    assert!(part("script-src").starts_with("'self' 'nonce-"));
}
