//! A cookie whose session has ended is an everyday thing: nothing in the log asks for attention.

mod common;

use common::{Browser, Log, Site};
use http::StatusCode;
use leptos_guardian::{Reason, SignOutScope, server::Database, with_pool};
use std::time::Duration;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads, keeps and forgets something, and signs in, with the cookies of `browser` each time.
async fn use_everything(browser: &Browser) {
    for path in ["/recall", "/whoami", "/data-id", "/sessions"] {
        assert_eq!(browser.clone().get(path).await.status, StatusCode::OK);
    }
    let mut visitor = browser.clone();
    visitor.post("/remember/apple").await;
    assert_eq!(visitor.get("/recall").await.body, "apple");
    assert_ne!(visitor.cookies, browser.cookies, "it has a new token");
    browser.clone().sign_in("grace").await;
    browser.clone().sign_out(SignOutScope::Global).await;
}

#[tokio::test]
async fn after_a_sign_out_the_old_cookie_is_nothing_to_warn_of() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/pear").await;
    let old = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    let log = Log::start();
    use_everything(&old).await;
    log.assert_calm();
}

#[tokio::test]
async fn nor_after_an_administrator_has_ended_the_session() {
    let site = Site::new().await;
    let old = site.signed_in("ada").await;
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    let log = Log::start();
    use_everything(&old).await;
    log.assert_calm();
}

#[tokio::test]
async fn nor_after_the_session_has_expired() {
    let site = Site::new().await;
    let old = site.signed_in("ada").await;
    site.pass_time(YEAR);
    let log = Log::start();
    use_everything(&old).await;
    log.assert_calm();
}

#[tokio::test]
async fn nor_when_a_visitors_data_has_been_cleaned_up() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/pear").await;
    assert_eq!(browser.get("/recall").await.body, "pear");
    forget_all(&site.database).await;
    let log = Log::start();
    use_everything(&browser).await;
    log.assert_calm();
}

async fn forget_all(database: &Database) {
    with_pool!(database, pool => {
        sqlx::query("delete from tower_sessions").execute(pool).await.unwrap();
    });
}

#[tokio::test]
async fn a_visitors_data_is_kept_under_the_same_cookie_as_before() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/pear").await;
    let cookies = browser.cookies.clone();
    browser.post("/remember/plum").await;
    assert_eq!(browser.cookies, cookies);
    assert_eq!(browser.get("/recall").await.body, "plum");
    browser.sign_in("ada").await;
    assert_eq!(browser.get("/recall").await.body, "plum", "it comes along");
}

/// What a request keeps twice, forgets again, or moves, it does as a new visitor.
#[tokio::test]
async fn a_handler_does_with_its_session_what_it_likes() {
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
        let kept = visitor.get(path).await.body;
        assert_eq!(visitor.cookies == old.cookies, kept == "nothing", "{path}");
        visitor.router = site.router.clone();
        assert_eq!(visitor.get("/recall").await.body, kept, "{path}");
        let mut late = old.clone();
        assert_eq!(
            late.get("/recall").await.body,
            "nothing",
            "{path}: by the old cookie"
        );
    }
    log.assert_calm();
}
