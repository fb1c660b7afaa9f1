//! Invariant 4: nothing comes back. Every test forces the order in which things happen.

mod common;

use common::Site;
use leptos_guardian::{
    Reason, SignOutScope, SignedOut,
    server::{Database, Transaction},
};
use sqlx::{Connection as _, PgConnection};
use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::{Duration, SystemTime},
};

/// tower-sessions-sqlx-store's own `save` is an upsert, with which this brings the row back.
#[tokio::test]
async fn a_request_in_flight_brings_neither_session_nor_data_back() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let replay = browser.clone();

    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();

    assert!(late.status.is_success());
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(replay.clone().is().await, "nobody");
    assert_eq!(replay.clone().get("/recall").await.body, "nothing");
    assert_eq!(site.count("guardian_session").await, 0);
    assert_eq!(site.count("tower_sessions").await, 0);
}

#[tokio::test]
async fn nor_does_one_that_only_reads() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let mut replay = browser.clone();

    let slow = tokio::spawn(async move { in_flight.get("/slow-recall").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();

    assert_eq!(late.body, "ada old", "it had begun before");
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(replay.is().await, "nobody");
    assert_eq!(replay.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// The browser has a new cookie by the time the late answer arrives.
#[tokio::test]
async fn a_late_answer_does_not_overwrite_the_next_sign_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    browser.sign_in("bob").await;
    site.slow.go_on.notify_one();
    let late = slow.await.unwrap();
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
    assert_eq!(browser.is().await, "bob");
}

/// A visitor's request that was sent with the cookie from before the sign-in, and comes after.
#[tokio::test]
async fn a_visitors_late_data_does_not_overwrite_the_sign_in() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let mut late = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    browser.sign_in("ada").await;
    site.slow.go_on.notify_one();
    for answer in [slow.await.unwrap(), late.post("/remember/later").await] {
        assert!(answer.status.is_success());
        assert!(
            answer.set_cookies().is_empty(),
            "{:?}",
            answer.set_cookies()
        );
    }
    assert_eq!(browser.is().await, "ada");
    assert_eq!(browser.get("/recall").await.body, "old");
    assert_eq!(site.count("tower_sessions").await, 1);
}

/// A live session's data is still saved: the guard above must not refuse everything.
#[tokio::test]
async fn a_request_in_flight_saves_the_data_of_a_live_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/old").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    site.slow.go_on.notify_one();
    slow.await.unwrap();
    assert_eq!(browser.get("/recall").await.body, "new");
}

#[tokio::test]
async fn activity_that_is_written_down_during_a_sign_out_revives_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    site.pass_time(Duration::from_secs(600));

    let sign_out = site.begin_sign_out("ada").await;
    let request = site
        .start_waiting(async move { in_flight.is().await })
        .await;
    sign_out.commit().await.unwrap();

    assert_eq!(request.await.unwrap(), "ada", "it had begun before");
    assert_eq!(browser.is().await, "nobody");
    assert_eq!(site.count("guardian_session").await, 0);
}

/// Between the check of a request and the note of its activity.
#[tokio::test]
async fn a_session_that_expires_during_a_request_stays_expired() {
    const IDLE: Duration = Duration::from_secs(15 * 24 * 60 * 60);
    /// How often the clock is read until it is two weeks later.
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
    assert_eq!(browser.is().await, "ada");
    assert_eq!(browser.is().await, "nobody");
}

#[tokio::test]
async fn an_expired_session_is_over_for_requests_in_flight_and_for_sign_outs() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let mut replay = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow/new").await });
    site.slow.arrived.notified().await;
    site.pass_time(Duration::from_secs(15 * 24 * 60 * 60));
    site.slow.go_on.notify_one();
    slow.await.unwrap();
    assert_eq!(browser.is().await, "nobody");
    let answer = browser.sign_out(SignOutScope::Global).await;
    assert!(answer.json::<SignedOut>().ended.is_empty());
    assert_eq!(site.count("guardian_event").await, 0);
    assert_eq!(replay.is().await, "nobody");
    assert_eq!(replay.get("/recall").await.body, "nothing");
}

#[tokio::test]
async fn two_sign_outs_at_once_both_succeed_and_end_one_session() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let (mut first, mut second) = (browser.clone(), browser);
    let (first, second) = tokio::join!(
        first.sign_out(SignOutScope::Local),
        second.sign_out(SignOutScope::Local)
    );
    let ended = |answer: &common::Answer| answer.json::<SignedOut>().ended.len();
    assert_eq!(ended(&first) + ended(&second), 1);
    assert_eq!(site.count("guardian_event").await, 1);
}

#[tokio::test]
async fn a_sign_out_that_waits_for_another_succeeds_and_tells_nothing_twice() {
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
        assert_eq!(replay.is().await, "nobody", "{scope}");
    }
}

#[tokio::test]
async fn a_sign_in_during_a_sign_out_of_everywhere_is_newer() {
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
    // It comes to pass only now, and in another second: the clock says seconds.
    site.pass_time(Duration::from_secs(1));
    sign_out.commit().await.unwrap();

    let mut browser = sign_in.await.unwrap();
    assert_eq!(before.is().await, "nobody");
    assert_eq!(browser.is().await, "ada");
    const NEWER: &str = "guardian_session as session
        join guardian_event as event on session.created_at > event.created_at";
    assert_eq!(site.count(NEWER).await, 1);
}

/// What keeps sign-ins from being committed.
enum Hold {
    /// The turn to write to SQLite, for which they wait in the order in which they came.
    Turn(Transaction),
    /// A lock of PostgreSQL, for which they wait with their rows written.
    Lock(PgConnection),
}

async fn hold_sign_ins(site: &Site) -> Hold {
    let Database::Postgres(_) = &site.database else {
        return Hold::Turn(site.guardian.begin().await.unwrap());
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
    let hold = sqlx::query("select pg_advisory_lock(4711)");
    hold.execute(&mut test).await.unwrap();
    Hold::Lock(test)
}

impl Hold {
    async fn let_go(self) {
        match self {
            Self::Turn(transaction) => drop(transaction),
            Self::Lock(connection) => connection.close().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_sign_out_of_everywhere_during_a_sign_in_ends_it() {
    let site = Site::new().await;
    let hold = hold_sign_ins(&site).await;
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
    hold.let_go().await;
    let mut browser = sign_in.await.unwrap();
    let ended = sign_out.await.unwrap().unwrap().len() + everyone.await.unwrap().unwrap().len();
    assert_eq!(ended, 1);
    assert_eq!(browser.is().await, "nobody");
}

/// One tab signs in, another signs out of all accounts: of the one that was there, or of none.
#[tokio::test]
async fn a_sign_out_of_all_accounts_during_a_sign_in_on_the_same_browser_ends_it() {
    for is_signed_in in [true, false] {
        let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
        let mut page = site.browser();
        page.post("/remember/word").await;
        if is_signed_in {
            page.sign_in("ada").await;
        }
        let mut tab = page.clone();
        let hold = hold_sign_ins(&site).await;
        let sign_in = site
            .start_waiting(async move {
                tab.sign_in("bob").await;
                tab
            })
            .await;
        let sign_out = async move { page.sign_out(SignOutScope::Browser).await };
        let sign_out = site.start_waiting(sign_out).await;
        hold.let_go().await;
        let mut tab = sign_in.await.unwrap();
        let ended = sign_out.await.unwrap().json::<SignedOut>().ended;
        assert_eq!(ended.len(), 1 + usize::from(is_signed_in));
        assert_eq!(tab.is().await, "nobody");
    }
}

/// The page was loaded before another tab signed in to a second account, and its sign-out is
/// sent with the cookie of that time.
#[tokio::test]
async fn a_sign_out_with_the_token_before_the_last_sign_in_is_carried_out() {
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
        let answer = page.sign_out(scope).await;
        assert!(answer.status.is_success(), "{scope}");
        assert_eq!(browser.is().await, "nobody", "{scope}");
        let expected = match scope {
            SignOutScope::Global => "nobody",
            _ => "ada",
        };
        assert_eq!(elsewhere.is().await, expected, "{scope}");
    }
}

#[tokio::test]
async fn one_account_is_ended_by_its_handle_with_the_token_before() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let mut browser = site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.clone();
    let mut page = browser.clone();
    browser.sign_in("bob").await;
    let answer = page.post(&format!("/sign-out-session/{handle}")).await;
    assert_eq!(answer.json::<SignedOut>().ended, [handle]);
    assert_eq!(browser.accounts().await, ["bob"]);
}

/// Whoever has got hold of a token that was replaced can end sessions by it, and no more.
#[tokio::test]
async fn a_replaced_token_gives_nobody_the_accounts_that_it_had() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let mut browser = site.signed_in("ada").await;
    let mut old = browser.clone();
    browser.sign_in("bob").await;
    assert_eq!(old.is().await, "nobody");
    old.sign_in("eve").await;
    assert_eq!(old.accounts().await, ["eve"]);
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
}

/// It may be that of an earlier visitor, on a computer that many use.
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
        let answer = old.clone().sign_out(scope).await;
        assert!(answer.json::<SignedOut>().ended.is_empty(), "{scope}");
    }
    assert_eq!(browser.is().await, "ada");
    assert_eq!(elsewhere.is().await, "ada");
    old.post("/remember/anew").await;
    assert_eq!(
        old.get("/recall").await.body,
        "anew",
        "it is a visitor's again"
    );
}

/// Whichever cookie the browser keeps in the end, it is signed in by it.
#[tokio::test]
async fn two_sign_ins_at_once_on_one_browser_both_hold() {
    let site = Site::with(|builder| builder.accounts_per_browser(5)).await;
    let browser = site.signed_in("ada").await;
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let hold = hold_sign_ins(&site).await;
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
    hold.let_go().await;
    let (mut one, mut other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(one.is().await, "bob");
    assert_eq!(other.is().await, "eve");
    let accounts = [one.accounts().await, other.accounts().await].concat();
    let of_ada = accounts.iter().filter(|account| *account == "ada").count();
    assert_eq!(of_ada, 1, "{accounts:?}");
    for browser in [&mut one, &mut other] {
        browser.sign_out(SignOutScope::Browser).await;
    }
    assert_eq!(site.count("guardian_session").await, 0);
}
