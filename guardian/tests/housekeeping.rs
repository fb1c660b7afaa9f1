//! What is over is removed, and nothing else.

mod common;

use common::Site;
use leptos_guardian::{Reason, SignOutScope};
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn expired_sessions_go_with_their_data_and_live_ones_stay() {
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
    assert_eq!(live.is().await, "bob");
    assert_eq!(live.get("/recall").await.body, "word");
}

#[tokio::test]
async fn data_of_visitors_who_do_not_come_back_goes() {
    let site = Site::new().await;
    let mut visitor = site.browser();
    visitor.post("/remember/old").await;
    let two_days_ago = "expiry_date = $1";
    let past = time::OffsetDateTime::now_utc() - time::Duration::days(2);
    leptos_guardian::with_pool!(&site.database, pool => {
        let update = format!("update tower_sessions set {two_days_ago}");
        sqlx::query(&update).bind(past).execute(pool).await.unwrap();
    });
    let mut stays = site.browser();
    stays.post("/remember/new").await;
    assert_eq!(site.guardian.clean_up().await.unwrap().visitors, 1);
    assert_eq!(stays.get("/recall").await.body, "new");
    assert_eq!(visitor.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn events_stay_until_they_are_old_and_delivered() {
    let site = Site::with(|builder| {
        builder
            .keep_events(7 * DAY)
            // Of bob's it never comes to an end.
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
    site.until("guardian_event where delivered_at is not null", 1)
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

/// Without a hook nobody waits for them.
#[tokio::test]
async fn old_events_go_from_a_site_without_a_hook() {
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
async fn requests_get_their_turn_while_much_is_removed() {
    const MANY: i64 = 20_000;
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.add_sessions(MANY, "'expired-' || i", "'user-' || i", "1")
        .await;
    let guardian = site.guardian.clone();
    let cleaning = tokio::spawn(async move { guardian.clean_up().await.unwrap() });
    let mut longest = Duration::ZERO;
    let mut turns = 0;
    while !cleaning.is_finished() {
        let start = Instant::now();
        assert_eq!(browser.is().await, "ada");
        let mut other = site.signed_in("bob").await;
        assert!(
            other
                .sign_out(SignOutScope::Local)
                .await
                .status
                .is_success()
        );
        longest = longest.max(start.elapsed());
        turns += 1;
    }
    let removed = cleaning.await.unwrap().sessions;
    println!(
        "{removed} removed; {turns} sign-ins and sign-outs meanwhile, the longest {longest:?}"
    );
    assert_eq!(removed, MANY as u64);
    assert!(turns >= 5, "{turns}");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    let ended = site.guardian.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
}
