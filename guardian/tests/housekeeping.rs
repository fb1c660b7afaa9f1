//! Expired rows are deleted, and no others.

mod common;

use common::Site;
use leptos_guardian::{Reason, SignOutScope};
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn expired_sessions_are_deleted_with_their_data_and_live_ones_stay() {
    let site = Site::new().await;
    site.signed_in("ada").await.post("/remember/word").await;
    site.pass_time(14 * DAY + Duration::from_secs(3600));
    let mut live = site.signed_in("bob").await;
    live.post("/remember/word").await;
    let removed = site.guardian.clean_up().await.unwrap();
    assert_eq!(removed.sessions, 0, "kept for a day");
    site.pass_time(DAY);
    let removed = site.guardian.clean_up().await.unwrap();
    assert_eq!((removed.sessions, removed.visitors), (1, 0));
    assert_eq!(site.count("guardian_session").await, 1);
    assert_eq!(site.count("tower_sessions").await, 1);
    assert_eq!(live.whoami().await, "bob");
    assert_eq!(live.get("/recall").await.body, "word");
}

/// One step reads fewer than there are.
#[tokio::test]
async fn expired_sessions_behind_many_live_ones_are_deleted() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let expiry = "case when i <= 700 then expires_at else 1 end";
    site.add_sessions(1400, "'row-' || (10000 + i)", "'user-' || i", expiry)
        .await;
    assert_eq!(site.guardian.clean_up().await.unwrap().sessions, 700);
    assert_eq!(site.count("guardian_session").await, 701);
    assert_eq!(ada.whoami().await, "ada");
}

#[tokio::test]
async fn old_data_of_visitors_is_deleted() {
    let site = Site::new().await;
    let mut visitor = site.browser();
    visitor.post("/remember/old").await;
    let two_days_ago = time::OffsetDateTime::now_utc() - time::Duration::days(2);
    leptos_guardian::with_pool!(&site.database, pool => {
        let update = sqlx::query("update tower_sessions set expiry_date = $1");
        update.bind(two_days_ago).execute(pool).await.unwrap();
    });
    let mut stays = site.browser();
    stays.post("/remember/new").await;
    assert_eq!(site.guardian.clean_up().await.unwrap().visitors, 1);
    assert_eq!(stays.get("/recall").await.body, "new");
    assert_eq!(visitor.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn events_are_deleted_once_they_are_old_and_delivered_or_given_up() {
    let site = Site::with(|builder| {
        builder
            .keep_events(7 * DAY)
            // The hook never returns for bob.
            .after_sign_out(|event| async move {
                match event.user_id.as_str() {
                    "bob" => std::future::pending().await,
                    _ => Ok(()),
                }
            })
    })
    .await;
    for user in ["ada", "bob"] {
        site.signed_in(user)
            .await
            .sign_out(SignOutScope::Local)
            .await;
    }
    site.until_count("guardian_event where delivered_at is not null", 1)
        .await;
    site.pass_time(6 * DAY);
    assert_eq!(site.guardian.clean_up().await.unwrap().events, 0);
    site.pass_time(2 * DAY);
    assert_eq!(site.guardian.clean_up().await.unwrap().events, 1);
    assert_eq!(site.count("guardian_event where user_id = 'bob'").await, 1);
    site.execute("update guardian_event set given_up_at = 0")
        .await;
    assert_eq!(site.guardian.clean_up().await.unwrap().events, 1);
}

#[tokio::test]
async fn old_events_are_deleted_without_a_hook() {
    let site = Site::new().await;
    site.signed_in("ada")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    site.pass_time(89 * DAY);
    assert_eq!(site.guardian.clean_up().await.unwrap().events, 0);
    site.pass_time(2 * DAY);
    assert_eq!(site.guardian.clean_up().await.unwrap().events, 1);
}

#[tokio::test]
async fn requests_do_not_wait_for_a_large_cleanup() {
    const MANY: i64 = 20_000;
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.add_sessions(MANY, "'expired-' || i", "'user-' || i", "1")
        .await;
    let guardian = site.guardian.clone();
    let cleaning = tokio::spawn(async move { guardian.clean_up().await.unwrap() });
    let mut longest = Duration::ZERO;
    let mut rounds = 0;
    while !cleaning.is_finished() {
        let start = Instant::now();
        assert_eq!(browser.whoami().await, "ada");
        let mut other = site.signed_in("bob").await;
        assert!(
            other
                .sign_out(SignOutScope::Local)
                .await
                .status
                .is_success()
        );
        longest = longest.max(start.elapsed());
        rounds += 1;
    }
    let removed = cleaning.await.unwrap().sessions;
    println!(
        "{removed} removed; {rounds} sign-ins and sign-outs meanwhile, the longest took {longest:?}"
    );
    assert_eq!(removed, MANY as u64);
    assert!(rounds >= 5, "{rounds}");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    let ended = site.guardian.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
}
