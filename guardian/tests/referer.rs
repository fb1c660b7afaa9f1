//! A plain form is led back to its `Referer` by server_fn. Whatever that header holds, the way back
//! does not lead to a stranger.

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

/// Sites of which a browser reads `http:evil.example` in different ways.
const SITES: [&str; 3] = [
    "http://site.test",
    "https://site.test",
    "http://127.0.0.1:3000",
];

/// Succeeds; asked with a GET.
#[server(prefix = "/api", endpoint = "/look", input = GetUrl)]
async fn look() -> Result<(), ServerFnError> {
    Ok(())
}

/// Fails, which server_fn writes into the address that it leads back to.
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

/// A site whose server functions are those of the library and of this test.
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

/// Where a plain form is led to that was sent with these headers.
async fn way_back(
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
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND, "{path} {referers:?}");
    let location = answer.headers()[header::LOCATION].as_bytes();
    String::from_utf8_lossy(location).into_owned()
}

/// What no browser sends, and what a proxy or a script may.
fn strange() -> Vec<Cow<'static, [u8]>> {
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
            .chain(strange())
            .filter_map(|text| HeaderValue::from_bytes(&text).ok())
            .collect();
        assert!(referers.len() > 100, "only {}", referers.len());
        for referer in referers {
            for function in functions() {
                let referer = std::slice::from_ref(&referer);
                assert_stays(&way_back(&router, function, referer).await, site, referer);
            }
        }
    }
}

/// A browser on an http site reads it as a path; so is where it leads, whoever reads it.
#[tokio::test]
async fn the_way_back_is_whole() {
    let router = serve("http://site.test").await;
    for (referer, whole) in [
        ("http:evil.example/", "http://site.test/evil.example/"),
        ("/page", "http://site.test/page"),
        ("http://site.test:80/a/../page", "http://site.test/page"),
        ("https://friend.example/form", "https://friend.example/form"),
    ] {
        let referer = [HeaderValue::from_static(referer)];
        for function in functions() {
            let path = function.1;
            let target = way_back(&router, function, &referer).await;
            // server_fn's own additions.
            let target = target.split('?').next().unwrap();
            assert_eq!(target, whole, "{path} {referer:?}");
        }
    }
}

#[tokio::test]
async fn a_form_of_this_site_comes_back_with_its_error() {
    let router = serve("https://site.test").await;
    let referer = [HeaderValue::from_static("https://site.test/page?tab=1")];
    let target = way_back(&router, (Method::POST, Fail::PATH), &referer).await;
    let expected = "https://site.test/page?tab=1&__path=%2Fapi%2Ffail&__err=";
    assert!(target.starts_with(expected), "{target}");
}

#[tokio::test]
async fn of_two_none_is_followed() {
    let router = serve("http://site.test").await;
    let own = HeaderValue::from_static("http://site.test/page");
    let strange = HeaderValue::from_static("http://evil.example/");
    for referers in [
        [own.clone(), strange.clone()],
        [strange, own.clone()],
        [own.clone(), own],
    ] {
        for function in functions() {
            let target = way_back(&router, function, &referers).await;
            assert_eq!(target, "/", "{referers:?}");
        }
    }
}

/// Where its visitors come from is something that a site may want to know.
#[tokio::test]
async fn a_page_hears_of_a_foreign_referer() {
    let router = serve("http://site.test").await;
    for (method, expected) in [(Method::GET, "https://search.example/"), (Method::POST, "")] {
        let request = Request::builder()
            .method(method)
            .uri("/page")
            .header(header::REFERER, "https://search.example/")
            .body(Body::empty())
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), 1024)
            .await
            .unwrap();
        assert_eq!(body, expected);
    }
}
