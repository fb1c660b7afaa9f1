//! Signing in.

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
    let answer = site.browser().get("/whoami").await;
    assert_eq!(answer.body, "nobody");
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn the_next_request_is_signed_in_and_not_cached() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.get("/whoami").await;
    assert_eq!(answer.body, "ada");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn the_token_is_new_at_every_sign_in_and_the_old_one_is_dead() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut thief = browser.clone();
    browser.sign_in("ada").await;
    assert_ne!(browser.cookies, thief.cookies);
    assert_eq!(browser.is().await, "ada");
    assert_eq!(thief.is().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 1);
}

#[tokio::test]
async fn a_visitors_token_does_not_become_the_users() {
    let site = Site::new().await;
    let mut victim = site.browser();
    victim.post("/remember/cart").await;
    let mut attacker = victim.clone();
    victim.sign_in("ada").await;
    assert_eq!(attacker.is().await, "nobody");
    assert_eq!(attacker.get("/recall").await.body, "nothing");
    assert_eq!(victim.get("/recall").await.body, "cart");
}

#[tokio::test]
async fn one_users_data_is_not_the_next_users() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.is().await, "bob");
    assert_eq!(browser.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn a_session_ends_without_a_request_in_the_idle_time() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(20 * MINUTE);
    assert_eq!(browser.is().await, "ada");
    site.pass_time(20 * MINUTE);
    assert_eq!(browser.is().await, "ada", "the request in between counts");
    site.pass_time(31 * MINUTE);
    assert_eq!(browser.is().await, "nobody");
}

#[tokio::test]
async fn a_session_ends_at_its_greatest_age_however_busy() {
    let site = Site::with(|builder| builder.idle_timeout(10 * DAY).max_age(20 * DAY)).await;
    let mut browser = site.signed_in("ada").await;
    for _ in 0..3 {
        site.pass_time(6 * DAY);
        assert_eq!(browser.is().await, "ada");
    }
    site.pass_time(3 * DAY);
    assert_eq!(browser.is().await, "nobody");
}

#[tokio::test]
async fn an_expired_session_signs_nobody_else_out() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut expired = site.signed_in("ada").await;
    site.pass_time(31 * MINUTE);
    let mut live = site.signed_in("ada").await;
    let answer = expired.sign_out(SignOutScope::Global).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(live.is().await, "ada");
}

#[tokio::test]
async fn the_data_of_an_expired_session_is_nobodys() {
    let site = Site::with(|builder| builder.idle_timeout(30 * MINUTE)).await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    site.pass_time(31 * MINUTE);
    assert_eq!(browser.get("/recall").await.body, "nothing");
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    assert_eq!(site.count("guardian_session").await, 1);
    assert_eq!(site.count("tower_sessions").await, 1);
}

#[tokio::test]
async fn two_sign_ins_in_one_request_make_one_session() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/sign-in-twice/ada").await;
    assert_eq!(browser.is().await, "ada");
    assert_eq!(site.count("guardian_session").await, 1);
    assert_eq!(site.count("tower_sessions").await, 1);
}

#[tokio::test]
async fn switching_users_in_one_request_takes_no_data_along() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    let mut replay = browser.clone();
    browser.post("/switch-to/bob").await;
    assert_eq!(browser.is().await, "bob");
    assert_eq!(browser.get("/recall").await.body, "nothing");
    assert_eq!(replay.is().await, "nobody");
}

#[tokio::test]
async fn a_changed_profile_is_seen_by_every_session() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    let renamed = Profile::new("Countess");
    site.guardian.update_profile("ada", &renamed).await.unwrap();
    let stored: String = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_scalar("select profile from guardian_session").fetch_one(pool).await.unwrap()
    });
    assert!(stored.contains("Countess"));
}
