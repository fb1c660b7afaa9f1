//! Invariant 8: `after_sign_out` runs at least once, off the request's path.

mod common;

use common::Site;
use leptos_guardian::{Reason, SignOutScope, server::SignOutEvent};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// Long enough for a busy machine, far below the next periodic look at the table.
const SOON: Duration = Duration::from_secs(10);

async fn next(events: &mut UnboundedReceiver<SignOutEvent>) -> SignOutEvent {
    timeout(SOON, events.recv()).await.unwrap().unwrap()
}

async fn site_with_hook() -> (Site, UnboundedReceiver<SignOutEvent>) {
    let (heard, events) = unbounded_channel();
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event| {
            let heard = heard.clone();
            async move { Ok(heard.send(event)?) }
        })
    })
    .await;
    (site, events)
}

#[tokio::test]
async fn the_hook_hears_of_every_ended_session_in_one_event() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("ada").await;
    browser.sign_out(SignOutScope::Global).await;
    let event = next(&mut events).await;
    assert_eq!(event.user_id, "ada");
    assert_eq!(event.scope, SignOutScope::Global);
    assert_eq!(event.reason, Reason::User);
    assert_eq!(event.ended.len(), 2);
    browser.sign_out(SignOutScope::Global).await;
    assert!(events.try_recv().is_err(), "nothing ended, nothing to tell");
}

#[tokio::test]
async fn a_replaced_session_is_told_with_its_own_reason() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let event = next(&mut events).await;
    assert_eq!(
        (event.user_id.as_str(), event.reason),
        ("ada", Reason::NewSignIn)
    );
}

#[tokio::test]
async fn a_hook_that_fails_and_panics_is_run_again_and_delays_nobody() {
    let (heard, mut events) = unbounded_channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event| {
            let (heard, run) = (heard.clone(), runs.fetch_add(1, SeqCst));
            assert!(run != 0, "the hook panics before it starts");
            async move {
                match run {
                    1 => Err("the mail server is away".into()),
                    2 => panic!("the hook panics on its way"),
                    _ => Ok(heard.send(event)?),
                }
            }
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.sign_out(SignOutScope::Local).await;
    assert!(answer.status.is_success());
    assert_eq!(browser.is().await, "nobody");
    assert_eq!(next(&mut events).await.user_id, "ada");
}

/// A process that was killed between the commit and the hook.
#[tokio::test]
async fn an_event_left_behind_is_delivered_by_the_next_start() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_out(SignOutScope::Local).await;

    let (heard, mut events) = unbounded_channel();
    let _restarted = leptos_guardian::server::Guardian::builder(site.database.clone())
        .site_url("http://site.test")
        .key(leptos_guardian::server::SigningKey::generate())
        .after_sign_out(move |event| {
            let heard = heard.clone();
            async move { Ok(heard.send(event)?) }
        })
        .build()
        .await
        .unwrap();
    assert_eq!(next(&mut events).await.user_id, "ada");
}

/// As a newer server may write one during a rolling restart.
#[tokio::test]
async fn an_unreadable_event_holds_up_no_other() {
    let (site, mut events) = site_with_hook().await;
    site.execute(
        "insert into guardian_event
            (id, user_id, scope, reason, ended, created_at, attempts, next_attempt_at)
         values ('0', 'ada', 'local', 'a reason of tomorrow', '[]', 0, 0, 0)",
    )
    .await;
    let mut browser = site.signed_in("bob").await;
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(next(&mut events).await.user_id, "bob");
}
