//! The keys that sign the cookie: a new one replaces an old one and signs nobody out, and servers with
//! different keys notice each other.

mod common;

use axum::routing::get;
use common::{Browser, Log, Server, Site};
use leptos_guardian::{
    SignOutScope,
    server::{Builder, SigningKey},
};
use std::time::Duration;

fn with_keys<const N: usize>(keys: [&SigningKey; N]) -> impl FnOnce(Builder) -> Builder {
    let keys = keys.map(SigningKey::clone);
    move |builder| builder.keys(keys)
}

/// A site whose only server has an old key, and servers that have both keys, and only the new one.
async fn rotation() -> (Site, Server, Server) {
    let [new, old] = [SigningKey::generate(), SigningKey::generate()];
    let site = Site::with(with_keys([&old])).await;
    let both = site.server(with_keys([&new, &old])).await;
    let after = site.server(with_keys([&new])).await;
    (site, both, after)
}

fn attributes(set_cookie: &str) -> &str {
    set_cookie.split_once("; ").unwrap().1
}

#[tokio::test]
async fn what_an_old_key_signed_is_accepted_and_signed_again_by_the_next_response() {
    let (site, both, after) = rotation().await;
    let mut browser = site.browser();
    let first = browser.post("/sign-in/ada").await;
    assert_eq!(browser.on(&after).whoami().await, "nobody");
    let mut browser = browser.on(&both);
    let again = browser.get("/whoami").await;
    assert_eq!(again.body, "ada");
    assert_eq!(
        attributes(again.set_cookies()[0]),
        attributes(first.set_cookies()[0])
    );
    assert!(browser.get("/whoami").await.set_cookies().is_empty());
    let mut browser = browser.on(&after);
    assert_eq!(browser.whoami().await, "ada");
    browser.sign_out(SignOutScope::Local).await;
    assert!(browser.cookie_names().is_empty());
    assert_eq!(site.count("guardian_session").await, 0);
}

#[tokio::test]
async fn a_visitors_cookie_is_signed_again_too() {
    let (site, both, after) = rotation().await;
    let mut visitor = site.browser();
    visitor.post("/remember/cart").await;
    let mut visitor = visitor.on(&both);
    assert_eq!(visitor.get("/recall").await.body, "cart");
    assert_eq!(visitor.on(&after).get("/recall").await.body, "cart");
}

#[tokio::test]
async fn what_is_left_of_a_failed_sign_out_is_signed_again_too() {
    let (site, both, after) = rotation().await;
    let mut browser = site.signed_in("ada").await;
    let mut replay = browser.clone();
    site.execute("alter table guardian_event rename to away")
        .await;
    browser.sign_out(SignOutScope::Local).await;
    site.execute("alter table away rename to guardian_event")
        .await;
    assert_eq!(browser.cookie_names().len(), 1);
    let mut browser = browser.on(&both);
    assert_eq!(browser.whoami().await, "nobody");
    let mut browser = browser.on(&after);
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(replay.whoami().await, "nobody");
}

/// It would replace the cookie with which the browser has signed in since, or bring back the one that it
/// has given up.
#[tokio::test]
async fn a_late_response_signs_nothing_again() {
    for then in ["/sign-out/local", "/sign-in/bob"] {
        for who in ["ada", "a visitor"] {
            let (site, both, _) = rotation().await;
            let mut browser = site.browser();
            if who == "ada" {
                browser.sign_in("ada").await;
            } else if then == "/sign-in/bob" {
                browser.post("/remember/cart").await;
            } else {
                continue;
            }
            let mut browser = browser.on(&both);
            let mut slow = browser.clone();
            let late = tokio::spawn(async move { slow.get("/slow-recall").await });
            site.pause.reached.notified().await;
            browser.post(then).await;
            site.pause.resume.notify_one();
            let late = late.await.unwrap();
            assert!(late.set_cookies().is_empty(), "{who}, then {then}");
        }
    }
}

/// A shared cache may keep a file, and a cookie is for one browser.
#[tokio::test]
async fn a_file_brings_no_cookie() {
    let (site, both, _) = rotation().await;
    let router = axum::Router::new().route("/file", get(async || "the same for everybody"));
    let mut browser = Browser {
        router: both.guardian.protect(router),
        ..site.signed_in("ada").await
    };
    let file = browser.get("/file").await;
    assert!(file.all_set_cookies().is_empty());
}

#[tokio::test]
async fn servers_with_different_keys_notice_each_other() {
    let site = Site::new().await;
    let [one, other] = [SigningKey::generate(), SigningKey::generate()];
    let log = Log::start();
    site.server(with_keys([&one])).await;
    log.assert_contains("WARN", "another server of this database has other keys");
    log.assert_contains("WARN", "give both the same keys");
    // The older ones are noticed each by each.
    site.server(with_keys([&other])).await;
    assert_eq!(log.count("WARN", "has other keys"), 1 + 2);
}

#[tokio::test]
async fn servers_with_the_same_keys_and_a_rotation_cause_no_alarm() {
    let [new, old] = [SigningKey::generate(), SigningKey::generate()];
    let site = Site::with(with_keys([&old])).await;
    let log = Log::start();
    site.server(with_keys([&old])).await;
    site.server(with_keys([&old, &new])).await;
    assert_eq!(
        log.count("INFO", "with a key that this one does not accept"),
        0
    );
    site.server(with_keys([&new, &old])).await;
    log.assert_contains(
        "INFO",
        "first add the new key to the end of every server's list",
    );
    log.assert_no_warnings();
}

#[tokio::test]
async fn a_server_that_has_stopped_and_a_command_alarm_nobody() {
    let site = Site::new().await;
    let key = SigningKey::generate();
    let log = Log::start();
    site.guardian.finish_hooks().await;
    let server = site.server(with_keys([&key])).await;
    site.server(|builder| builder.for_command()).await;
    log.assert_no_warnings();
    // One that was killed counts for some hours.
    drop(server);
    site.pass_time(Duration::from_secs(2 * 60 * 60));
    site.server(|builder| builder).await;
    assert_eq!(log.count("WARN", "has other keys"), 1);
    site.pass_time(Duration::from_secs(4 * 60 * 60));
    site.server(with_keys([&key])).await;
    assert_eq!(log.count("WARN", "has other keys"), 1);
}

#[tokio::test]
async fn the_database_says_nothing_of_a_key() {
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let site = Site::with(|builder| builder.key(SigningKey::from_base64(key).unwrap())).await;
    let is_short = "guardian_server where length(keys) = 8";
    assert_eq!(site.count(is_short).await, 1);
}

#[tokio::test]
async fn old_servers_are_forgotten() {
    let site = Site::new().await;
    site.pass_time(Duration::from_secs(4 * 60 * 60));
    site.server(|builder| builder).await;
    assert_eq!(site.count("guardian_server").await, 1);
}
