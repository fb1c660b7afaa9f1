//! Sign-outs that the app makes in code, outside of a request.

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
async fn any_session_is_ended_by_its_handle() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let handle = ada.sessions().await[0].handle.clone();
    let reason = Reason::Administrator;
    let ended = site.guardian.sign_out_session(&handle, reason).await;
    assert_eq!(ended.unwrap(), std::slice::from_ref(&handle));
    assert_eq!(ada.whoami().await, "nobody");
    assert_eq!(bob.whoami().await, "bob");
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
    assert_eq!(ada.whoami().await, "nobody");
    assert_eq!(bob.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
    assert_eq!(
        site.count("guardian_event").await,
        2,
        "one event for each user"
    );
    ada.sign_in("ada").await;
    assert_eq!(ada.whoami().await, "ada");
}

/// A sign-out of everyone works in steps. This one takes several.
#[tokio::test]
async fn thousands_of_users_are_signed_out() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    site.add_sessions(2500, "'handle' || i", "'user' || i", "expires_at")
        .await;
    let ended = site.guardian.sign_out_everyone(Reason::Administrator).await;
    assert_eq!(ended.unwrap().len(), 2501);
    assert_eq!(site.count("guardian_session").await, 0);
    assert_eq!(site.count("guardian_event").await, 2501);
}

/// Whole steps may consist of expired sessions.
#[tokio::test]
async fn expired_sessions_do_not_stop_a_sign_out_of_everyone() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    site.add_sessions(2500, "' ' || i", "'user' || i", "0")
        .await;
    let mut bob = site.signed_in("bob").await;
    let ended = site.guardian.sign_out_everyone(Reason::Administrator).await;
    assert_eq!(ended.unwrap().len(), 2);
    assert_eq!(bob.whoami().await, "nobody");
}

#[tokio::test]
async fn the_hook_learns_the_actor_and_the_note() {
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
    // Before the dispatcher next polls.
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

/// Pages are notified only after the commit.
#[tokio::test]
async fn sessions_end_in_the_apps_transaction_or_not_at_all() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    site.execute("create table note (text text)").await;
    // The first one rolls back, so the first notice must be of the second.
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
            assert_eq!(browser.whoami().await, "nobody");
        } else {
            drop(transaction);
            assert_eq!(browser.whoami().await, "ada");
        }
        assert_eq!(site.count("note").await, i64::from(commits));
    }
}
