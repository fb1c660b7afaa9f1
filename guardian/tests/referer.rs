//! server_fn redirects a plain form to its `Referer`. No value of that header leads to a stranger.

mod common;
#[path = "redirects/hostile.rs"]
mod hostile;

use axum::{Router, body::Body, extract::Request, routing::any};
use common::Site;
use hostile::{decode, origin_of};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use leptos::{
    prelude::ServerFnError,
    server,
    server_fn::{ServerFn as _, codec::GetUrl},
};
use leptos_guardian::api::GetSession;
use std::{borrow::Cow, sync::Once};
use tower::ServiceExt as _;

const FRIEND: &str = "https://friend.example";

/// Sites on which browsers parse `http:evil.example` differently.
const SITES: [&str; 3] = [
    "http://site.test",
    "https://site.test",
    "http://127.0.0.1:3000",
];

/// Succeeds, with a GET.
#[server(prefix = "/api", endpoint = "/look", input = GetUrl)]
async fn look() -> Result<(), ServerFnError> {
    Ok(())
}

/// Fails. server_fn adds the error to the address of the redirect.
#[server(prefix = "/api", endpoint = "/fail")]
async fn fail() -> Result<(), ServerFnError> {
    Err(ServerFnError::new("no"))
}

fn functions() -> [(Method, &'static str); 3] {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        leptos::server_fn::axum::register_explicit::<Look>();
        leptos::server_fn::axum::register_explicit::<Fail>();
    });
    [
        (Method::POST, GetSession::PATH),
        (Method::POST, Fail::PATH),
        (Method::GET, Look::PATH),
    ]
}

/// A site with the server functions of the library and of this test.
async fn serve(site: &'static str) -> Router {
    let site = Site::with(|builder| builder.site_url(site).allow_redirect_origin(FRIEND)).await;
    let call = any(async |request: Request| {
        leptos_axum::handle_server_fns_with_context(|| {}, request).await
    });
    let echo = any(async |headers: HeaderMap| {
        let referer = headers.get(header::REFERER);
        referer
            .map(|referer| referer.as_bytes().to_vec())
            .unwrap_or_default()
    });
    let router = Router::new()
        .route("/api/{function}", call)
        .route("/page", echo);
    site.guardian.protect(router)
}

/// The redirect of a plain form with these headers.
async fn redirect(
    router: &Router,
    (method, path): (Method, &str),
    referers: &[HeaderValue],
) -> String {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for referer in referers {
        request = request.header(header::REFERER, referer);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND, "{path} {referers:?}");
    let location = response.headers()[header::LOCATION].as_bytes();
    String::from_utf8_lossy(location).into_owned()
}

/// Values that no browser sends, but a proxy or a script may.
fn unusual_referers() -> Vec<Cow<'static, [u8]>> {
    let texts = [
        "",
        " ",
        "http:evil.example/",
        "https:evil.example/",
        "http:/evil.example/",
        "http:///evil.example/",
        "https:///evil.example/",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "ht\ttp://evil.example",
        "javascript:alert(1)",
        "data:text/html,hi",
        "blob:http://site.test/1",
        "http://site.test@evil.example/",
        "http://user:secret@site.test/",
        "http://site.test.evil.example/",
        "http://site.test\\.evil.example/",
        "http://site.test//evil.example",
        "/.//evil.example",
        "evil.example",
        "http://evil.example#http://site.test",
        "http://evil.example?http://site.test",
        "http://site.test, http://evil.example/",
        "about:blank",
        "null",
    ];
    let mut all: Vec<Cow<'static, [u8]>> = texts.map(|text| text.as_bytes().into()).to_vec();
    all.push(b"http://evil.example/\xff"[..].into());
    all.push(b"http://site.test/\xc3\xa9"[..].into());
    all.push(b"\xe2\x80\x80//evil.example/"[..].into());
    all.push(
        format!("http://site.test/{}", "a".repeat(30_000))
            .into_bytes()
            .into(),
    );
    all.push(
        format!("http://evil.example/{}", "a".repeat(30_000))
            .into_bytes()
            .into(),
    );
    all
}

fn assert_stays(target: &str, site: &str, referers: &[HeaderValue]) {
    for page in ["/", "/page?a=b", "/api/session"] {
        let origin = origin_of(target, &format!("{site}{page}"));
        let origin = origin.unwrap_or_else(|| panic!("{referers:?} leads to {target:?}"));
        assert!(
            [site, FRIEND].contains(&origin.as_str()),
            "{referers:?} leads to {target:?}"
        );
    }
    assert!(target.len() < 4096, "{} bytes", target.len());
    assert!(
        target.bytes().all(|byte| byte.is_ascii_graphic()),
        "{target:?}"
    );
}

#[tokio::test]
async fn no_referer_leads_to_a_stranger() {
    for site in SITES {
        let router = serve(site).await;
        let listed = hostile::fields(site).into_iter();
        let listed = listed.map(|field| decode(&field).into_bytes().into());
        let referers: Vec<_> = listed
            .chain(unusual_referers())
            .filter_map(|text| HeaderValue::from_bytes(&text).ok())
            .collect();
        assert!(referers.len() > 100, "only {}", referers.len());
        for referer in referers {
            for function in functions() {
                let referer = std::slice::from_ref(&referer);
                assert_stays(&redirect(&router, function, referer).await, site, referer);
            }
        }
    }
}

/// A browser on an http site parses `http:evil.example` as a path. An absolute redirect means the
/// same to every parser.
#[tokio::test]
async fn the_redirect_is_absolute() {
    let router = serve("http://site.test").await;
    for (referer, expected) in [
        ("http:evil.example/", "http://site.test/evil.example/"),
        ("/page", "http://site.test/page"),
        ("http://site.test:80/a/../page", "http://site.test/page"),
        ("https://friend.example/form", "https://friend.example/form"),
    ] {
        let referer = [HeaderValue::from_static(referer)];
        for function in functions() {
            let path = function.1;
            let target = redirect(&router, function, &referer).await;
            // Without server_fn's query.
            let target = target.split('?').next().unwrap();
            assert_eq!(target, expected, "{path} {referer:?}");
        }
    }
}

#[tokio::test]
async fn a_form_of_this_site_returns_with_its_error() {
    let router = serve("https://site.test").await;
    let referer = [HeaderValue::from_static("https://site.test/page?tab=1")];
    let target = redirect(&router, (Method::POST, Fail::PATH), &referer).await;
    let expected = "https://site.test/page?tab=1&__path=%2Fapi%2Ffail&__err=";
    assert!(target.starts_with(expected), "{target}");
}

#[tokio::test]
async fn two_referers_are_both_ignored() {
    let router = serve("http://site.test").await;
    let own = HeaderValue::from_static("http://site.test/page");
    let foreign = HeaderValue::from_static("http://evil.example/");
    for referers in [
        [own.clone(), foreign.clone()],
        [foreign, own.clone()],
        [own.clone(), own],
    ] {
        for function in functions() {
            let target = redirect(&router, function, &referers).await;
            assert_eq!(target, "/", "{referers:?}");
        }
    }
}

/// A site may want to know where its visitors come from.
#[tokio::test]
async fn a_page_still_sees_a_foreign_referer() {
    let router = serve("http://site.test").await;
    for (method, expected) in [(Method::GET, "https://search.example/"), (Method::POST, "")] {
        let request = Request::builder()
            .method(method)
            .uri("/page")
            .header(header::REFERER, "https://search.example/")
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1024)
            .await
            .unwrap();
        assert_eq!(body, expected);
    }
}
