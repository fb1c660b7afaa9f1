//! Every hostile callback URL, over HTTP: none stops a sign-out, and none leads to a stranger.

mod common;
#[path = "../../guardian/tests/redirects/hostile.rs"]
mod hostile;

use common::Site;
use hostile::assert_safe;
use http::StatusCode;
use serde_json::json;

/// The site of [`Site`].
const SITE: &str = "http://127.0.0.1:3000";

fn hostile() -> impl Iterator<Item = (String, String)> {
    let fields = hostile::fields(SITE).into_iter();
    fields.map(|url| (format!("callback_url={url}"), url))
}

#[tokio::test]
async fn a_script_signs_out_whatever_the_callback_url() {
    let site = Site::new().await;
    for (fields, url) in hostile() {
        let cookie = site.sign_in("ada").await;
        let response = site.post("/api/sign_out", &cookie, fields).await;
        assert_eq!(response.status, StatusCode::OK, "{url}");
        assert_safe(response.json()["url"].as_str().unwrap(), SITE, &[], &url);
        assert_eq!(site.who_is(&cookie).await, json!(null), "{url}");
    }
}

#[tokio::test]
async fn a_form_signs_out_whatever_the_callback_url() {
    let site = Site::new().await;
    for (fields, url) in hostile() {
        let cookie = site.sign_in("ada").await;
        let response = site.submit("/api/sign_out", &cookie, fields).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{url}");
        assert_safe(response.location(), SITE, &[], &url);
        assert_eq!(site.who_is(&cookie).await, json!(null), "{url}");
    }
}

/// No browser sends these; a script may.
#[tokio::test]
async fn an_unreadable_callback_url_stops_no_sign_out() {
    let site = Site::new().await;
    let bad: [&[u8]; 6] = [
        b"callback_url=/\xff",
        b"callback_url=\xc0\xaf\xc0\xafevil.example",
        "callback_url=/gr\u{fc}\u{df}e\0\r\n".as_bytes(),
        b"callback_url",
        b"callback_url=%",
        b"callback_url=%zz%f",
    ];
    for fields in bad {
        let asked = fields.escape_ascii().to_string();
        let cookie = site.sign_in("ada").await;
        let response = site.post("/api/sign_out", &cookie, fields).await;
        assert_eq!(response.status, StatusCode::OK, "{asked}");
        assert_safe(response.json()["url"].as_str().unwrap(), SITE, &[], &asked);
        assert_eq!(site.who_is(&cookie).await, json!(null), "{asked}");
    }
}

/// The account is gone here, and the redirect is checked anyway.
#[tokio::test]
async fn a_switch_of_accounts_leads_to_no_stranger() {
    let site = Site::new().await;
    for (fields, url) in hostile() {
        let fields = format!("session=gone&{fields}");
        let response = site.submit("/api/switch_account", "", fields).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{url}");
        assert_safe(response.location(), SITE, &[], &url);
    }
}

/// In a form field it would be three times as long, and more than the server accepts.
#[tokio::test]
async fn the_sign_out_page_drops_an_overlong_callback_url() {
    let site = Site::new().await;
    let cookie = site.sign_in("ada").await;
    for (length, is_passed_on) in [(2000, true), (30_000, false)] {
        let url = "/".repeat(length);
        let path = format!("/sign-out?callback_url={url}");
        let page = site.get(&path, &cookie).await.body;
        assert!(page.contains("You are signed in as"), "{length}");
        assert_eq!(page.contains(&url), is_passed_on, "{length}");
    }
}

/// A file server redirects a folder to its address with a slash at the end. It makes that address
/// from the requested path.
#[tokio::test]
async fn a_folder_gets_no_redirect() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["pkg/evil.example", "evil.example"] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
        std::fs::write(root.path().join(folder).join("index.html"), "a file").unwrap();
    }
    let path = root.path().to_str().unwrap();
    let site = Site::with_settings(&[("LEPTOS_SITE_ROOT", path)]).await;
    for path in [
        "/pkg/evil.example",
        "/pkg//evil.example",
        "/pkg///evil.example",
        "/pkg/%2Fevil.example",
        "/pkg/./evil.example",
        "/evil.example",
        "//evil.example",
        "///evil.example",
    ] {
        let response = site.get(path, "").await;
        assert!(!response.headers.contains_key("location"), "{path}");
    }
}

/// A plain form returns to its page if its server function names no target.
#[tokio::test]
async fn no_referer_leads_to_a_stranger() {
    let site = Site::new().await;
    let mut headers: Vec<String> = hostile::fields(SITE)
        .iter()
        .map(|field| hostile::decode(field))
        .collect();
    headers.extend(["http:evil.example/", "http:///evil.example"].map(String::from));
    for referer in headers {
        let Ok(value) = http::HeaderValue::from_str(&referer) else {
            continue;
        };
        for path in ["/api/session", "/api/sessions"] {
            let request = http::Request::post(path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html")
                .header("referer", &value);
            let response = site.send(request, axum::body::Body::empty()).await;
            let origin = hostile::origin_of(response.location(), &format!("{SITE}/sign-in"));
            assert_eq!(
                origin.as_deref(),
                Some(SITE),
                "{referer:?}: {}",
                response.location()
            );
        }
    }
}
