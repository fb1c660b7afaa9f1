//! An event that this version cannot read, as one from a newer server, holds nothing up.

mod common;

use common::{Site, with_hook};
use leptos_guardian::SignOutScope;
use std::time::Duration;
use tokio::{
    sync::mpsc::unbounded_channel,
    time::{sleep, timeout},
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The most attempts for one event.
const MAX_ATTEMPTS: i64 = 20;

#[tokio::test]
async fn an_unreadable_event_is_given_up_and_later_ones_are_delivered() {
    let (heard, mut events) = unbounded_channel();
    let site = Site::with(|builder| with_hook(builder, &heard)).await;
    site.execute(
        "insert into guardian_event (id, user_id, scope, reason, ended, created_at, attempts,
            next_attempt_at, place)
         values ('0', 'ada', 'galaxy', 'user', '[]', 0, 0, 0, 0)",
    )
    .await;
    let mut ada = site.signed_in("ada").await;
    ada.sign_out(SignOutScope::Local).await;

    let delivery = async {
        loop {
            tokio::select! {
                event = events.recv() => match event.unwrap() {
                    event if event.user_id == "ada" => return event,
                    _ => {}
                },
                // The dispatcher looks for due events after each sign-out.
                () = sleep(Duration::from_millis(100)) => {
                    site.pass_time(LONGEST_PAUSE);
                    site.signed_in("bob").await.sign_out(SignOutScope::Local).await;
                }
            }
        }
    };
    let event = timeout(Duration::from_secs(60), delivery).await.unwrap();
    assert_eq!(event.scope, SignOutScope::Local);
    let (attempts, given_up_at, failure): (i64, Option<i64>, String) = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_as("select attempts, given_up_at, failure from guardian_event where id = '0'")
            .fetch_one(pool)
            .await
            .unwrap()
    });
    assert_eq!(attempts, MAX_ATTEMPTS);
    assert!(given_up_at.is_some());
    assert!(failure.contains("unreadable"), "{failure}");
}
