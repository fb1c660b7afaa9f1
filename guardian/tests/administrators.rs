//! What the app ends from anywhere on the server.

mod common;

use common::Site;
use leptos_guardian::{
    Reason,
    server::{Cause, SignOutEvent},
    with_connection,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn one_session_is_ended_by_its_handle_whosever_it_is() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let handle = ada.sessions().await[0].handle.clone();
    let reason = Reason::Administrator;
    let ended = site.guardian.sign_out_session(&handle, reason).await;
    assert_eq!(ended.unwrap(), [handle.clone()]);
    assert_eq!(ada.is().await, "nobody");
    assert_eq!(bob.is().await, "bob");
    let ended = site.guardian.sign_out_session(&handle, reason).await;
    assert_eq!(ended.unwrap(), []);
}

#[tokio::test]
async fn everyone_is_signed_out_and_may_sign_in_again() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    bob.post("/remember/secret").await;
    let reason = Reason::Administrator;
    let ended = site.guardian.sign_out_everyone(reason).await;
    assert_eq!(ended.unwrap().len(), 2);
    assert_eq!(ada.is().await, "nobody");
    assert_eq!(bob.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
    assert_eq!(site.count("guardian_event").await, 2, "one for each user");
    ada.sign_in("ada").await;
    assert_eq!(ada.is().await, "ada");
}

/// More than one step.
#[tokio::test]
async fn thousands_are_signed_out() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    site.add_sessions(2500, "'handle' || i", "'user' || i", "expires_at")
        .await;
    let ended = site.guardian.sign_out_everyone(Reason::Administrator).await;
    assert_eq!(ended.unwrap().len(), 2501);
    assert_eq!(site.count("guardian_session").await, 0);
    assert_eq!(site.count("guardian_event").await, 2501);
}

/// Whole steps of sessions that have expired are not the end of it.
#[tokio::test]
async fn nobody_hides_behind_the_expired() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    site.add_sessions(2500, "' ' || i", "'user' || i", "0")
        .await;
    let mut bob = site.signed_in("bob").await;
    let ended = site.guardian.sign_out_everyone(Reason::Administrator).await;
    assert_eq!(ended.unwrap().len(), 2);
    assert_eq!(bob.is().await, "nobody");
}

#[tokio::test]
async fn the_hook_learns_who_did_it_and_why() {
    let events: Arc<Mutex<Vec<SignOutEvent>>> = Arc::default();
    let arrived = Arc::new(Notify::new());
    let site = Site::with(|builder| {
        let (events, arrived) = (Arc::clone(&events), Arc::clone(&arrived));
        builder.after_sign_out(move |event| {
            events.lock().unwrap().push(event);
            arrived.notify_one();
            async { Ok(()) }
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.clone();
    browser.post("/sign-out-others").await;
    // At once, and not when the dispatcher next looks by itself.
    let soon = Duration::from_secs(5);
    tokio::time::timeout(soon, arrived.notified())
        .await
        .unwrap();
    let cause = Cause::from(Reason::Administrator).with_note("laptop stolen");
    site.guardian.sign_out_user("ada", cause).await.unwrap();
    tokio::time::timeout(soon, arrived.notified())
        .await
        .unwrap();
    let events = events.lock().unwrap();
    assert_eq!(events[0].actor.as_ref(), Some(&handle));
    assert_eq!(events[0].note, None);
    assert_eq!(events[1].actor, None);
    assert_eq!(events[1].note.as_deref(), Some("laptop stolen"));
    assert_eq!(events[1].ended, [handle]);
}

/// With the app's own statements: all or nothing, and told only when it is so.
#[tokio::test]
async fn sessions_end_together_with_what_the_app_writes() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    site.execute("create table note (text text)").await;
    // Whichever is told first, was committed.
    for (commits, reason) in [
        (false, Reason::PasswordChange),
        (true, Reason::AccountDeleted),
    ] {
        let mut transaction = site.guardian.begin().await.unwrap();
        with_connection!(transaction.connection(), connection => {
            let insert = sqlx::query("insert into note (text) values ('deleted')");
            insert.execute(&mut *connection).await.unwrap();
        });
        let ended = transaction.sign_out_user("ada", reason).await;
        assert_eq!(ended.unwrap().len(), 1);
        if commits {
            transaction.commit().await.unwrap();
            assert_eq!(stream.notice().await.reason, Reason::AccountDeleted);
            assert_eq!(browser.is().await, "nobody");
        } else {
            drop(transaction);
            assert_eq!(browser.is().await, "ada");
        }
        assert_eq!(site.count("note").await, i64::from(commits));
    }
}
