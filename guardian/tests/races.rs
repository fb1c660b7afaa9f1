//! No request in flight restores an ended session or its data. Every test forces the order of
//! events.

mod common;

use common::{Browser, Site, TestResponse};
use futures::future::join_all;
use leptos_guardian::{
    Reason, SignOutScope, SignedOut,
    server::{Database, Transaction},
};
use sqlx::{Connection as _, PgConnection};
use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::{Duration, SystemTime},
};

/// Signs out while a request of the same browser has loaded its data and not saved it. Returns that request's
/// response.
async fn sign_out_during_a_write(site: &Site, browser: &mut Browser) -> TestResponse {
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.pause.reached.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.pause.resume.notify_one();
    slow.await.unwrap()
}

/// The `save` of tower-sessions-sqlx-store is an upsert, which would restore the row.
#[tokio::test]
async fn a_request_in_flight_restores_neither_session_nor_data() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let replay = browser.clone();
    let late = sign_out_during_a_write(&site, &mut browser).await;
    assert!(late.status.is_success());
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(replay.clone().whoami().await, "nobody");
    assert_eq!(replay.clone().get("/recall").await.body, "nothing");
    assert_eq!(site.count("guardian_session").await, 0);
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// The session has had no data, so the late request brings the first.
#[tokio::test]
async fn a_first_write_in_flight_stores_nothing_after_the_sign_out() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let late = sign_out_during_a_write(&site, &mut browser).await;
    assert!(late.status.is_success());
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// The sign-out has found no data to delete, and is not committed yet.
#[tokio::test]
async fn a_first_write_during_a_sign_out_stores_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let sign_out = site.begin_sign_out("ada").await;
    let write = async move { in_flight.post("/remember/new").await };
    let write = site.start_waiting(write).await;
    sign_out.commit().await.unwrap();
    assert!(write.await.unwrap().status.is_success());
    assert_eq!(site.count("tower_sessions").await, 0);
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn first_writes_at_the_same_moment_all_succeed() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let writes = (0..8).map(|n| {
        let mut tab = browser.clone();
        async move { tab.post(&format!("/remember/word-{n}")).await.status }
    });
    for status in join_all(writes).await {
        assert!(status.is_success(), "{status}");
    }
    assert!(browser.get("/recall").await.body.starts_with("word-"));
    assert_eq!(site.count("tower_sessions").await, 1);
}

#[tokio::test]
async fn a_read_in_flight_restores_neither_session_nor_data() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let mut replay = browser.clone();

    let slow = tokio::spawn(async move { in_flight.get("/slow-recall").await });
    site.pause.reached.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.pause.resume.notify_one();
    let late = slow.await.unwrap();

    assert_eq!(late.body, "ada old", "it had begun before");
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(replay.whoami().await, "nobody");
    assert_eq!(replay.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// The browser has a new cookie by the time the late response arrives.
#[tokio::test]
async fn a_late_response_does_not_overwrite_the_next_sign_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.pause.reached.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    browser.sign_in("bob").await;
    site.pause.resume.notify_one();
    let late = slow.await.unwrap();
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(browser.whoami().await, "bob");
}

/// A visitor's request with the cookie from before the sign-in arrives after the sign-in.
#[tokio::test]
async fn a_visitors_late_data_does_not_overwrite_the_sign_in() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let mut late = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.pause.reached.notified().await;
    browser.sign_in("ada").await;
    site.pause.resume.notify_one();
    for response in [slow.await.unwrap(), late.post("/remember/later").await] {
        assert!(response.status.is_success());
        assert!(
            response.set_cookies().is_empty(),
            "{:?}",
            response.set_cookies()
        );
    }
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(browser.get("/recall").await.body, "old");
    assert_eq!(site.count("tower_sessions").await, 1);
}

/// The guard above must not refuse the data of a live session.
#[tokio::test]
async fn a_request_in_flight_saves_the_data_of_a_live_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.pause.reached.notified().await;
    site.pause.resume.notify_one();
    slow.await.unwrap();
    assert_eq!(browser.get("/recall").await.body, "new");
}

#[tokio::test]
async fn an_activity_update_during_a_sign_out_restores_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    site.pass_time(Duration::from_secs(600));

    let sign_out = site.begin_sign_out("ada").await;
    let request = site
        .start_waiting(async move { in_flight.whoami().await })
        .await;
    sign_out.commit().await.unwrap();

    assert_eq!(request.await.unwrap(), "ada", "it had begun before");
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

/// It expires between the session check and the activity update.
#[tokio::test]
async fn a_session_that_expires_during_a_request_stays_expired() {
    const IDLE: Duration = Duration::from_secs(15 * 24 * 60 * 60);
    /// How many reads of the clock are left before it jumps by [`IDLE`].
    static READS_LEFT: AtomicU64 = AtomicU64::new(u64::MAX);
    let site = Site::with(|builder| {
        builder.clock(|| {
            let left = READS_LEFT.fetch_update(SeqCst, SeqCst, |left| Some(left.saturating_sub(1)));
            match left {
                Ok(0) => SystemTime::now() + IDLE,
                _ => SystemTime::now(),
            }
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    READS_LEFT.store(1, SeqCst);
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn an_expired_session_ends_for_requests_in_flight_and_for_sign_outs() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let mut replay = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.pause.reached.notified().await;
    site.pass_time(Duration::from_secs(15 * 24 * 60 * 60));
    site.pause.resume.notify_one();
    slow.await.unwrap();
    assert_eq!(browser.whoami().await, "nobody");
    let response = browser.sign_out(SignOutScope::Global).await;
    assert!(response.json::<SignedOut>().ended.is_empty());
    assert_eq!(site.count("guardian_event").await, 0);
    assert_eq!(replay.whoami().await, "nobody");
    assert_eq!(replay.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn two_concurrent_sign_outs_both_succeed_and_end_one_session() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let (mut first, mut second) = (browser.clone(), browser);
    let (first, second) = tokio::join!(
        first.sign_out(SignOutScope::Local),
        second.sign_out(SignOutScope::Local)
    );
    let ended = |response: &common::TestResponse| response.json::<SignedOut>().ended.len();
    assert_eq!(ended(&first) + ended(&second), 1);
    assert_eq!(site.count("guardian_event").await, 1);
}

#[tokio::test]
async fn a_sign_out_that_waits_for_another_succeeds_and_records_no_second_event() {
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let site = Site::new().await;
        let mut browser = site.signed_in("ada").await;
        let mut replay = browser.clone();
        let first = site.begin_sign_out("ada").await;
        let second = site
            .start_waiting(async move { browser.sign_out(scope).await })
            .await;
        first.commit().await.unwrap();
        let second = second.await.unwrap();
        assert!(second.status.is_success(), "{scope}: {}", second.body);
        assert!(second.json::<SignedOut>().ended.is_empty(), "{scope}");
        assert_eq!(site.count("guardian_event").await, 1, "{scope}");
        assert_eq!(replay.whoami().await, "nobody", "{scope}");
    }
}

#[tokio::test]
async fn a_sign_in_during_a_global_sign_out_counts_as_newer() {
    let site = Site::new().await;
    let mut before = site.signed_in("ada").await;
    let mut browser = site.browser();
    let sign_out = site.begin_sign_out("ada").await;
    let sign_in = site
        .start_waiting(async move {
            browser.sign_in("ada").await;
            browser
        })
        .await;
    // The clock counts seconds, so the sign-in gets a later one than the sign-out.
    site.pass_time(Duration::from_secs(1));
    sign_out.commit().await.unwrap();

    let mut browser = sign_in.await.unwrap();
    assert_eq!(before.whoami().await, "nobody");
    assert_eq!(browser.whoami().await, "ada");
    const NEWER: &str = "guardian_session as session
        join guardian_event as event on session.created_at > event.created_at";
    assert_eq!(site.count(NEWER).await, 1);
}

/// Keeps sign-ins from committing.
enum Blocker {
    /// Holds the permit to write to SQLite, for which sign-ins wait in the order of their arrival.
    Permit(Transaction),
    /// Holds a lock of PostgreSQL, for which sign-ins wait after they have written their rows.
    Lock(PgConnection),
}

async fn block_sign_ins(site: &Site) -> Blocker {
    let Database::Postgres(_) = &site.database else {
        return Blocker::Permit(site.guardian.begin().await.unwrap());
    };
    for statement in [
        "create function wait_for_test() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock(4711); return null; end $$",
        "create constraint trigger wait after insert on guardian_session
            deferrable initially deferred for each row execute function wait_for_test()",
    ] {
        site.execute(statement).await;
    }
    let mut test = PgConnection::connect(&site.url).await.unwrap();
    let lock = sqlx::query("select pg_advisory_lock(4711)");
    lock.execute(&mut test).await.unwrap();
    Blocker::Lock(test)
}

impl Blocker {
    async fn release(self) {
        match self {
            Self::Permit(transaction) => drop(transaction),
            Self::Lock(connection) => connection.close().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_global_sign_out_during_a_sign_in_ends_its_session() {
    let site = Site::new().await;
    let blocker = block_sign_ins(&site).await;
    let mut browser = site.browser();
    let sign_in = site
        .start_waiting(async move {
            browser.sign_in("ada").await;
            browser
        })
        .await;
    let (one, all) = (site.guardian.clone(), site.guardian.clone());
    let sign_out = async move { one.sign_out_user("ada", Reason::User).await };
    let sign_out = site.start_waiting(sign_out).await;
    let everyone = async move { all.sign_out_everyone(Reason::User).await };
    let everyone = site.start_waiting(everyone).await;
    blocker.release().await;
    let mut browser = sign_in.await.unwrap();
    let ended = sign_out.await.unwrap().unwrap().len() + everyone.await.unwrap().unwrap().len();
    assert_eq!(ended, 1);
    assert_eq!(browser.whoami().await, "nobody");
}

/// One tab signs in while another signs out of all accounts, of which there is one or none.
#[tokio::test]
async fn a_browser_sign_out_during_a_sign_in_on_the_same_browser_ends_its_session() {
    for is_signed_in in [true, false] {
        let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
        let mut page = site.browser();
        page.post("/remember/word").await;
        if is_signed_in {
            page.sign_in("ada").await;
        }
        let mut tab = page.clone();
        let blocker = block_sign_ins(&site).await;
        let sign_in = site
            .start_waiting(async move {
                tab.sign_in("bob").await;
                tab
            })
            .await;
        let sign_out = async move { page.sign_out(SignOutScope::Browser).await };
        let sign_out = site.start_waiting(sign_out).await;
        blocker.release().await;
        let mut tab = sign_in.await.unwrap();
        let ended = sign_out.await.unwrap().json::<SignedOut>().ended;
        assert_eq!(ended.len(), 1 + usize::from(is_signed_in));
        assert_eq!(tab.whoami().await, "nobody");
    }
}

/// The page was loaded before another tab signed in to a second account. Its sign-out has the
/// cookie from before.
#[tokio::test]
async fn a_sign_out_with_the_previous_token_is_carried_out() {
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
        let mut elsewhere = site.signed_in("ada").await;
        let mut browser = site.signed_in("ada").await;
        let mut page = browser.clone();
        browser.sign_in("bob").await;
        let response = page.sign_out(scope).await;
        assert!(response.status.is_success(), "{scope}");
        assert_eq!(browser.whoami().await, "nobody", "{scope}");
        let expected = match scope {
            SignOutScope::Global => "nobody",
            _ => "ada",
        };
        assert_eq!(elsewhere.whoami().await, expected, "{scope}");
    }
}

#[tokio::test]
async fn the_previous_token_can_end_one_account_by_its_handle() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let mut browser = site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.clone();
    let mut page = browser.clone();
    browser.sign_in("bob").await;
    let response = page.post(&format!("/sign-out-session/{handle}")).await;
    assert_eq!(response.json::<SignedOut>().ended, [handle]);
    assert_eq!(browser.accounts().await, ["bob"]);
}

/// A replaced token can only end sessions.
#[tokio::test]
async fn a_replaced_token_gives_no_access_to_its_accounts() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let mut browser = site.signed_in("ada").await;
    let mut old = browser.clone();
    browser.sign_in("bob").await;
    assert_eq!(old.whoami().await, "nobody");
    old.sign_in("eve").await;
    assert_eq!(old.accounts().await, ["eve"]);
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
}

/// On a shared computer, it may be an earlier visitor's.
#[tokio::test]
async fn a_token_that_was_replaced_a_minute_ago_ends_nothing() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let mut elsewhere = site.signed_in("ada").await;
    let mut browser = site.browser();
    browser.post("/remember/word").await;
    let mut old = browser.clone();
    browser.sign_in("ada").await;
    site.pass_time(Duration::from_secs(61));
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let response = old.clone().sign_out(scope).await;
        assert!(response.json::<SignedOut>().ended.is_empty(), "{scope}");
    }
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(elsewhere.whoami().await, "ada");
    old.post("/remember/anew").await;
    assert_eq!(
        old.get("/recall").await.body,
        "anew",
        "the token is a visitor's again"
    );
}

/// The browser is signed in with whichever cookie it keeps.
#[tokio::test]
async fn two_concurrent_sign_ins_on_one_browser_both_hold() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let browser = site.signed_in("ada").await;
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let blocker = block_sign_ins(&site).await;
    let one = site
        .start_waiting(async move {
            one.sign_in("bob").await;
            one
        })
        .await;
    let other = site
        .start_waiting(async move {
            other.sign_in("eve").await;
            other
        })
        .await;
    blocker.release().await;
    let (mut one, mut other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(one.whoami().await, "bob");
    assert_eq!(other.whoami().await, "eve");
    let accounts = [one.accounts().await, other.accounts().await].concat();
    let of_ada = accounts.iter().filter(|account| *account == "ada").count();
    assert_eq!(of_ada, 1, "{accounts:?}");
    for browser in [&mut one, &mut other] {
        browser.sign_out(SignOutScope::Browser).await;
    }
    assert_eq!(site.count("guardian_session").await, 0);
}
