//! How the built files are served, and what is compressed.

mod common;

use common::{Answer, Starter};
use http::{Request, StatusCode, header};
use std::fs;
use tempfile::TempDir;

const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// A built site with these files, and a server for it.
async fn starter_with(files: &[(&str, &str)]) -> (Starter, TempDir) {
    let site = tempfile::tempdir().unwrap();
    fs::create_dir(site.path().join("pkg")).unwrap();
    for (name, content) in files {
        fs::write(site.path().join("pkg").join(name), content).unwrap();
    }
    let root = site.path().to_str().unwrap();
    let starter = Starter::with_settings(&[("LEPTOS_SITE_ROOT", root)]).await;
    (starter, site)
}

async fn get(starter: &Starter, path: &str, encodings: &str, cookie: &str) -> Answer {
    let request = Request::get(path)
        .header(header::ACCEPT_ENCODING, encodings)
        .header(header::COOKIE, cookie);
    starter.send(request, "").await
}

fn encoding(answer: &Answer) -> Option<&str> {
    let encoding = answer.headers.get(header::CONTENT_ENCODING)?;
    Some(encoding.to_str().unwrap())
}

#[tokio::test]
async fn a_release_is_sent_compressed_and_kept_for_good() {
    let (starter, _site) = starter_with(&[
        ("hash.txt", "css: 1\njs: 2\nwasm: 3\n"),
        ("starter.2.js", "plain"),
        ("starter.2.js.br", "with Brotli"),
        ("starter.2.js.gz", "with gzip"),
    ])
    .await;
    let page = starter.get("/", "").await.body;
    for name in ["starter.1.css", "starter.2.js", "starter.3.wasm"] {
        assert!(page.contains(&format!("\"/pkg/{name}\"")), "{name}: {page}");
    }
    for (accepted, sent, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "with Brotli"),
        ("gzip", Some("gzip"), "with gzip"),
        ("identity", None, "plain"),
    ] {
        let answer = get(&starter, "/pkg/starter.2.js", accepted, "").await;
        assert_eq!(encoding(&answer), sent, "{accepted}");
        assert_eq!(answer.body, body, "{accepted}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], FOR_GOOD);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/javascript");
    }
}

#[tokio::test]
async fn what_is_not_there_yet_is_asked_for_again() {
    let (starter, _site) = starter_with(&[("hash.txt", "js: 2\n")]).await;
    let answer = starter.get("/pkg/starter.4.js", "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn a_file_whose_name_stays_is_asked_for_each_time() {
    let (starter, _site) = starter_with(&[("starter.js", "plain")]).await;
    let page = starter.get("/", "").await.body;
    assert!(page.contains("\"/pkg/starter.js\""), "{page}");
    let answer = get(&starter, "/pkg/starter.js", "br", "").await;
    assert_eq!(answer.body, "plain");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn pages_are_compressed_for_visitors_only() {
    let starter = Starter::new().await;
    let cookie = starter.sign_up("ada@example.com").await;
    for path in ["/", "/sign-out", "/no-such-page"] {
        assert_eq!(
            encoding(&get(&starter, path, "br", "").await),
            Some("br"),
            "{path}"
        );
        assert_eq!(
            encoding(&get(&starter, path, "br", &cookie).await),
            None,
            "{path}"
        );
    }
    let sessions = get(&starter, "/api/session", "br", &cookie).await;
    assert_eq!(encoding(&sessions), None);
}
