//! How assets are served, and which responses are compressed.

mod common;

use common::{Site, TestResponse};
use http::{Request, StatusCode, header};
use std::fs;
use tempfile::TempDir;

/// The beginning of the assets' names.
const NAME: &str = env!("LEPTOS_OUTPUT_NAME");

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A site with these assets. `NAME` in a file's name stands for [`NAME`].
async fn site_with(files: &[(&str, &str)]) -> (Site, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pkg")).unwrap();
    for (name, content) in files {
        let name = name.replace("NAME", NAME);
        fs::write(folder.path().join("pkg").join(name), content).unwrap();
    }
    let root = folder.path().to_str().unwrap();
    let site = Site::with_settings(&[("LEPTOS_SITE_ROOT", root)]).await;
    (site, folder)
}

async fn get(site: &Site, path: &str, encodings: &str, cookie: &str) -> TestResponse {
    let request = Request::get(path)
        .header(header::ACCEPT_ENCODING, encodings)
        .header(header::COOKIE, cookie);
    site.send(request, "").await
}

fn encoding(response: &TestResponse) -> Option<&str> {
    let encoding = response.headers.get(header::CONTENT_ENCODING)?;
    Some(encoding.to_str().unwrap())
}

#[tokio::test]
async fn a_release_is_sent_compressed_and_cached_for_good() {
    let (site, _folder) = site_with(&[
        ("hash.txt", "css: 1\njs: 2\nwasm: 3\n"),
        ("NAME.2.js", "plain"),
        ("NAME.2.js.br", "with Brotli"),
        ("NAME.2.js.gz", "with gzip"),
    ])
    .await;
    let page = site.get("/", "").await.body;
    for name in ["1.css", "2.js", "3.wasm"] {
        assert!(
            page.contains(&format!("\"/pkg/{NAME}.{name}\"")),
            "{name}: {page}"
        );
    }
    for (accepted, sent, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "with Brotli"),
        ("gzip", Some("gzip"), "with gzip"),
        ("identity", None, "plain"),
    ] {
        let response = get(&site, &format!("/pkg/{NAME}.2.js"), accepted, "").await;
        assert_eq!(encoding(&response), sent, "{accepted}");
        assert_eq!(response.body, body, "{accepted}");
        assert_eq!(response.headers[header::CACHE_CONTROL], IMMUTABLE);
        assert_eq!(response.headers[header::CONTENT_TYPE], "text/javascript");
    }
}

#[tokio::test]
async fn a_missing_asset_is_not_cached() {
    let (site, _folder) = site_with(&[("hash.txt", "js: 2\n")]).await;
    let response = site.get(&format!("/pkg/{NAME}.4.js"), "").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn an_asset_without_a_hash_is_revalidated_each_time() {
    let (site, _folder) = site_with(&[("NAME.js", "plain")]).await;
    let page = site.get("/", "").await.body;
    assert!(page.contains(&format!("\"/pkg/{NAME}.js\"")), "{page}");
    let response = get(&site, &format!("/pkg/{NAME}.js"), "br", "").await;
    assert_eq!(response.body, "plain");
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn pages_are_compressed_for_visitors_only() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    for path in ["/", "/sign-out", "/no-such-page"] {
        assert_eq!(
            encoding(&get(&site, path, "br", "").await),
            Some("br"),
            "{path}"
        );
        assert_eq!(
            encoding(&get(&site, path, "br", &cookie).await),
            None,
            "{path}"
        );
    }
    let sessions = get(&site, "/api/session", "br", &cookie).await;
    assert_eq!(encoding(&sessions), None);
}
