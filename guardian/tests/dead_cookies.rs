//! A cookie whose session has ended is normal, so the library logs no warning about it.

mod common;

use axum::{Extension, extract::ConnectInfo};
use common::{Browser, Log, Site};
use http::StatusCode;
use leptos_guardian::{Reason, SignOutScope};
use std::{net::SocketAddr, time::Duration};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads, stores data, signs in and signs out, with the browser's old cookies each time.
async fn use_everything(browser: &Browser) {
    for path in ["/recall", "/whoami", "/data-id", "/sessions"] {
        assert_eq!(browser.clone().get(path).await.status, StatusCode::OK);
    }
    let mut visitor = browser.clone();
    visitor.post("/remember/apple").await;
    assert_eq!(visitor.get("/recall").await.body, "apple");
    assert_ne!(
        visitor.cookies, browser.cookies,
        "the visitor has a new token"
    );
    browser.clone().sign_in("grace").await;
    browser.clone().sign_out(SignOutScope::Global).await;
}

#[tokio::test]
async fn the_cookie_of_a_signed_out_session_causes_no_warning() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/pear").await;
    let old = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    let log = Log::start();
    use_everything(&old).await;
    log.assert_no_warnings();
}

#[tokio::test]
async fn the_cookie_of_a_session_that_an_administrator_ended_causes_no_warning() {
    let site = Site::new().await;
    let old = site.signed_in("ada").await;
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    let log = Log::start();
    use_everything(&old).await;
    log.assert_no_warnings();
}

#[tokio::test]
async fn the_cookie_of_an_expired_session_causes_no_warning() {
    let site = Site::new().await;
    let old = site.signed_in("ada").await;
    site.pass_time(YEAR);
    let log = Log::start();
    use_everything(&old).await;
    log.assert_no_warnings();
}

#[tokio::test]
async fn the_cookie_of_deleted_visitor_data_causes_no_warning() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4711)));
    browser.router = browser.router.layer(Extension(peer));
    browser.post("/remember/pear").await;
    assert_eq!(browser.get("/recall").await.body, "pear");
    site.execute("delete from tower_sessions").await;
    let log = Log::start();
    use_everything(&browser).await;
    log.assert_no_warnings();
}

#[tokio::test]
async fn a_visitor_keeps_the_cookie_while_the_data_changes() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/pear").await;
    let cookies = browser.cookies.clone();
    browser.post("/remember/plum").await;
    assert_eq!(browser.cookies, cookies);
    assert_eq!(browser.get("/recall").await.body, "plum");
    browser.sign_in("ada").await;
    assert_eq!(
        browser.get("/recall").await.body,
        "plum",
        "the sign-in keeps the data"
    );
}

/// The handler saves twice, changes the id, flushes or removes data, each time as a new visitor.
#[tokio::test]
async fn a_handler_can_use_its_session_freely_after_a_sign_out() {
    use axum::{Router, routing::get};
    use tower_sessions::Session;
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let old = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    let router = Router::new()
        .route(
            "/save",
            get(async |session: Session| {
                for word in ["plum", "pear"] {
                    session.insert("word", word).await.unwrap();
                    session.save().await.unwrap();
                }
                session.load().await.unwrap();
                session
                    .get::<String>("word")
                    .await
                    .unwrap()
                    .unwrap_or_default()
            }),
        )
        .route(
            "/cycle",
            get(async |session: Session| {
                session.cycle_id().await.unwrap();
                session.insert("word", "pear").await.unwrap();
                "pear"
            }),
        )
        .route(
            "/flush",
            get(async |session: Session| {
                session.get_value("word").await.unwrap();
                session.flush().await.unwrap();
                session.insert("word", "pear").await.unwrap();
                "pear"
            }),
        )
        .route(
            "/forget",
            get(async |session: Session| {
                session.insert("word", "pear").await.unwrap();
                session.remove_value("word").await.unwrap();
                "nothing"
            }),
        );
    let router = site.guardian.protect(router);
    let log = Log::start();
    for path in ["/save", "/cycle", "/flush", "/forget"] {
        let mut visitor = Browser::new(&router);
        visitor.cookies = old.cookies.clone();
        let stored = visitor.get(path).await.body;
        assert_eq!(
            visitor.cookies == old.cookies,
            stored == "nothing",
            "{path}"
        );
        visitor.router = site.router.clone();
        assert_eq!(visitor.get("/recall").await.body, stored, "{path}");
        let mut late = old.clone();
        assert_eq!(
            late.get("/recall").await.body,
            "nothing",
            "{path}: with the old cookie"
        );
    }
    log.assert_no_warnings();
}
