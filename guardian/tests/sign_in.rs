//! Signing in, and how long a session lasts.

mod common;

use common::Site;
use http::StatusCode;
use leptos_guardian::{Profile, SignOutScope};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_visitor_is_nobody_and_gets_no_cookie() {
    let site = Site::new().await;
    let response = site.browser().get("/whoami").await;
    assert_eq!(response.body, "nobody");
    assert!(response.set_cookies().is_empty());
}

#[tokio::test]
async fn the_next_request_is_signed_in_and_not_cached() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let response = browser.get("/whoami").await;
    assert_eq!(response.body, "ada");
    assert_eq!(response.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn the_token_is_new_at_every_sign_in_and_the_old_one_is_dead() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut thief = browser.clone();
    browser.sign_in("ada").await;
    assert_ne!(browser.cookies, thief.cookies);
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(thief.whoami().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 1);
}

#[tokio::test]
async fn a_visitors_token_does_not_become_the_users() {
    let site = Site::new().await;
    let mut victim = site.browser();
    victim.post("/remember/cart").await;
    let mut attacker = victim.clone();
    victim.sign_in("ada").await;
    assert_eq!(attacker.whoami().await, "nobody");
    assert_eq!(attacker.get("/recall").await.body, "nothing");
    assert_eq!(victim.get("/recall").await.body, "cart");
}

#[tokio::test]
async fn the_next_user_does_not_get_the_previous_users_data() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.whoami().await, "bob");
    assert_eq!(browser.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn a_session_ends_after_the_idle_timeout() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(20 * MINUTE);
    assert_eq!(browser.whoami().await, "ada");
    site.pass_time(20 * MINUTE);
    assert_eq!(
        browser.whoami().await,
        "ada",
        "the request in between restarts the timeout"
    );
    site.pass_time(31 * MINUTE);
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn a_busy_session_ends_at_its_maximum_age() {
    let site = Site::with(|builder| builder.idle_timeout(10 * DAY).max_age(20 * DAY)).await;
    let mut browser = site.signed_in("ada").await;
    for _ in 0..3 {
        site.pass_time(6 * DAY);
        assert_eq!(browser.whoami().await, "ada");
    }
    site.pass_time(3 * DAY);
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn an_expired_session_signs_nobody_else_out() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut expired = site.signed_in("ada").await;
    site.pass_time(31 * MINUTE);
    let mut live = site.signed_in("ada").await;
    let response = expired.sign_out(SignOutScope::Global).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(live.whoami().await, "ada");
}

#[tokio::test]
async fn nobody_gets_the_data_of_an_expired_session() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    site.pass_time(31 * MINUTE);
    assert_eq!(browser.get("/recall").await.body, "nothing");
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    assert_eq!(site.count("guardian_session").await, 1);
    assert_eq!(site.count("tower_sessions").await, 0);
}

#[tokio::test]
async fn two_sign_ins_in_one_request_make_one_session() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/word").await;
    browser.post("/sign-in-twice/ada").await;
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(browser.get("/recall").await.body, "word");
    assert_eq!(site.count("guardian_session").await, 1);
    assert_eq!(site.count("tower_sessions").await, 1);
}

#[tokio::test]
async fn switching_users_in_one_request_does_not_move_data() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    let mut replay = browser.clone();
    browser.post("/switch-to/bob").await;
    assert_eq!(browser.whoami().await, "bob");
    assert_eq!(browser.get("/recall").await.body, "nothing");
    assert_eq!(replay.whoami().await, "nobody");
}

#[tokio::test]
async fn a_changed_profile_reaches_every_session() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    let renamed = Profile::new("Countess");
    site.guardian.update_profile("ada", &renamed).await.unwrap();
    let stored: String = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_scalar("select profile from guardian_session").fetch_one(pool).await.unwrap()
    });
    assert!(stored.contains("Countess"));
}

#[tokio::test]
async fn a_session_stores_data_once_there_is_any() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
    for word in ["first", "second"] {
        browser.post(&format!("/remember/{word}")).await;
        assert_eq!(browser.get("/recall").await.body, word);
        assert_eq!(site.count("tower_sessions").await, 1);
    }
    let mut other = site.signed_in("ada").await;
    assert_eq!(other.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn data_that_follows_a_sign_in_in_the_same_request_is_stored() {
    let site = Site::new().await;
    for way in ["sign-in-and-remember", "sign-in-and-load"] {
        let mut browser = site.browser();
        browser.post(&format!("/{way}/ada/word")).await;
        assert_eq!(browser.whoami().await, "ada");
        assert_eq!(browser.get("/recall").await.body, "word", "{way}");
        browser.sign_out(SignOutScope::Local).await;
        assert_eq!(site.count("tower_sessions").await, 0, "{way}");
    }
}
