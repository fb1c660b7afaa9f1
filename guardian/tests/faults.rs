//! The database fails. Every request still gets a true response in time, and after the fault
//! everything works again.

mod common;

use common::{
    Browser, DELAY, DatabaseProxy, Fault, Log, Site, TestResponse, count, until_transactions_end,
    with_hook,
};
use futures::{FutureExt as _, future::join_all};
use http::StatusCode;
use leptos_guardian::{
    Reason, SignOutError, SignOutScope, SignedOut,
    server::{ConnectError, Database},
};
use sqlx::{
    Connection as _, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{
    error::Error as _,
    str::FromStr as _,
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// The most that a request may take: three seconds for a connection, five for the work, and some
/// for a busy machine.
const LIMIT: Duration = Duration::from_secs(12);

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

async fn in_time(response: impl Future<Output = TestResponse>) -> TestResponse {
    let start = Instant::now();
    let response = response.await;
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    response
}

/// A site whose database can fail: the network to PostgreSQL is cut, or SQLite's tables are
/// renamed.
struct BreakableSite {
    site: Site,
    proxy: DatabaseProxy,
}

impl BreakableSite {
    async fn new() -> Self {
        let proxy = DatabaseProxy::new();
        Self {
            site: Site::through(|url| proxy.url(url), |builder| builder).await,
            proxy,
        }
    }

    async fn break_database(&self) {
        match &self.site.database {
            Database::Postgres(_) => self.proxy.set(Fault::Cut),
            Database::Sqlite(_) => {
                for table in ["guardian_session", "guardian_event"] {
                    let away = format!("alter table {table} rename to {table}_away");
                    self.site.execute(&away).await;
                }
            }
        }
    }

    async fn restore_database(&self) {
        match &self.site.database {
            Database::Postgres(_) => self.proxy.set(Fault::None),
            Database::Sqlite(_) => {
                for table in ["guardian_session", "guardian_event"] {
                    let back = format!("alter table {table}_away rename to {table}");
                    self.site.execute(&back).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_session_check_during_an_outage_signs_nobody_out() {
    let log = Log::start();
    let breakable = BreakableSite::new().await;
    let mut browser = breakable.site.signed_in("ada").await;
    breakable.break_database().await;
    let response = in_time(browser.get("/whoami")).await;
    assert_eq!(response.status, UNAVAILABLE);
    assert!(response.headers.contains_key("retry-after"));
    assert!(
        response.set_cookies().is_empty(),
        "{:?}",
        response.set_cookies()
    );
    log.assert_contains("ERROR", "the session could not be checked");
    breakable.restore_database().await;
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn an_unreadable_session_affects_one_browser() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let mut eve = site.signed_in("eve").await;
    site.execute("update guardian_session set profile = '{' where user_id = 'bob'")
        .await;
    // At the same time, so that they share a read.
    let (ada, bob, eve) = tokio::join!(ada.whoami(), bob.get("/whoami"), eve.whoami());
    assert_eq!((ada.as_str(), eve.as_str()), ("ada", "eve"));
    assert_eq!(bob.status, UNAVAILABLE);
}

#[tokio::test]
async fn a_dropped_request_does_not_fail_others() {
    let site = Site::new().await;
    let mut browsers = Vec::new();
    for n in 0..30 {
        browsers.push(site.signed_in(&format!("user-{n}")).await);
    }
    let mut requests: Vec<_> = browsers
        .iter_mut()
        .map(|browser| Box::pin(browser.whoami()))
        .collect();
    for request in &mut requests {
        assert!(request.now_or_never().is_none());
    }
    // Drops the first ones, which have started the read.
    requests.drain(..10);
    let names = timeout(Duration::from_secs(2), join_all(requests)).await;
    let expected: Vec<_> = (10..30).map(|n| format!("user-{n}")).collect();
    assert_eq!(names.expect("no response"), expected);
}

#[tokio::test]
async fn a_sign_in_during_an_outage_signs_nobody_in() {
    let log = Log::start();
    let breakable = BreakableSite::new().await;
    let mut browser = breakable.site.browser();
    breakable.break_database().await;
    let response = in_time(browser.post("/sign-in/ada")).await;
    assert_eq!(response.status, UNAVAILABLE);
    assert!(browser.cookies.is_empty());
    log.assert_contains("ERROR", "the sign-in failed");
    breakable.restore_database().await;
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(breakable.site.count("guardian_session").await, 0);
    assert_eq!(breakable.site.count("tower_sessions").await, 0);
    browser.sign_in("ada").await;
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn a_sign_out_during_an_outage_fails_and_its_retry_ends_the_session() {
    let log = Log::start();
    let breakable = BreakableSite::new().await;
    let mut browser = breakable.site.signed_in("ada").await;
    let replay = browser.clone();
    breakable.break_database().await;
    let response = in_time(browser.sign_out(SignOutScope::Local)).await;
    log.assert_contains("ERROR", "the sign-out could not be carried out");
    breakable.restore_database().await;
    assert_failed_and_ended_by_the_retry(response, &mut browser, replay).await;
}

#[tokio::test]
async fn a_visitors_sign_out_succeeds_during_an_outage() {
    let breakable = BreakableSite::new().await;
    let mut browser = breakable.site.browser();
    breakable.break_database().await;
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let response = in_time(browser.sign_out(scope)).await;
        assert!(response.status.is_success(), "{}", response.body);
    }
    breakable.restore_database().await;
}

/// Another program holds SQLite's write lock, or PostgreSQL's packets are held up.
#[tokio::test]
async fn a_sign_out_that_takes_too_long_fails_and_its_retry_ends_the_session() {
    let log = Log::start();
    let proxy = DatabaseProxy::new();
    let site = Site::through(|url| proxy.url(url), |builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let replay = browser.clone();
    let response = match &site.database {
        Database::Sqlite(_) => {
            let mut other = SqliteConnection::connect(&site.url).await.unwrap();
            let lock = other.begin_with("begin immediate").await.unwrap();
            let response = in_time(browser.sign_out(SignOutScope::Local)).await;
            lock.rollback().await.unwrap();
            response
        }
        Database::Postgres(_) => {
            proxy.set(Fault::Stalled);
            let response = in_time(browser.sign_out(SignOutScope::Local)).await;
            proxy.set(Fault::None);
            response
        }
    };
    log.assert_contains("ERROR", "the sign-out could not be carried out");
    // The database may still carry out the sign-out that was given up: before this, or never.
    site.settle().await;
    assert_failed_and_ended_by_the_retry(response, &mut browser, replay).await;
}

/// The connection works, but the statement does not end. On SQLite only writes wait.
#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut other = site.browser();
    match &site.database {
        Database::Sqlite(_) => {
            let mut writer = SqliteConnection::connect(&site.url).await.unwrap();
            let lock = writer.begin_with("begin immediate").await.unwrap();
            assert_eq!(in_time(browser.get("/whoami")).await.body, "ada");
            let sign_in = in_time(other.post("/sign-in/bob")).await;
            assert_eq!(sign_in.status, UNAVAILABLE);
            lock.rollback().await.unwrap();
        }
        Database::Postgres(pool) => {
            let mut holder = pool.begin().await.unwrap();
            let lock = sqlx::query("lock table guardian_session, tower_sessions");
            lock.execute(&mut *holder).await.unwrap();
            let check = in_time(browser.get("/whoami")).await;
            assert_eq!(check.status, UNAVAILABLE);
            let sign_in = in_time(other.post("/sign-in/bob")).await;
            assert_eq!(sign_in.status, UNAVAILABLE);
            holder.rollback().await.unwrap();
        }
    }
    assert_eq!(browser.whoami().await, "ada");
    other.sign_in("bob").await;
    assert_eq!(other.whoami().await, "bob");
}

async fn assert_failed_and_ended_by_the_retry(
    response: TestResponse,
    browser: &mut Browser,
    mut replay: Browser,
) {
    assert_eq!(response.status, UNAVAILABLE, "{}", response.body);
    assert!(
        matches!(response.json(), SignOutError::Unavailable { .. }),
        "{}",
        response.body
    );
    assert!(["ada", "nobody"].contains(&replay.whoami().await.as_str()));
    let retry = browser.sign_out(SignOutScope::Local).await;
    assert!(retry.status.is_success(), "{}", retry.body);
    assert_eq!(replay.whoami().await, "nobody");
    assert_eq!(browser.whoami().await, "nobody");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
}

/// As after a failover: the old connections get no response and no error any more, and new ones
/// work.
#[tokio::test]
async fn silent_connections_are_replaced() {
    let proxy = DatabaseProxy::new();
    let site = Site::through(|url| proxy.url(url), |builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    // In a debug build, the first list takes seconds to load the names of browsers.
    browser.sessions().await;
    let direct = Site::with_url(site.url.clone(), |builder| builder).await;
    if let Database::Postgres(pool) = &direct.database {
        // Each connection of the pool waits for the test's lock when the silence begins.
        let mut holder = pool.begin().await.unwrap();
        let lock = sqlx::query("lock table guardian_session");
        lock.execute(&mut *holder).await.unwrap();
        let all = pool.options().get_max_connections();
        let requests = (0..all).map(|_| {
            let (mut browser, guardian) = (browser.clone(), site.guardian.clone());
            async move {
                let sign_out = async {
                    let mut transaction = guardian.begin().await?;
                    transaction.sign_out_user("bob", Reason::User).await?;
                    transaction.commit().await
                };
                tokio::join!(browser.get("/sessions"), sign_out)
            }
        });
        let requests = tokio::spawn(join_all(requests));
        direct.until_waiting(all.into()).await;
        proxy.set(Fault::Silent);
        holder.rollback().await.unwrap();
        requests.await.unwrap();
    }
    let start = Instant::now();
    while in_time(browser.get("/sessions")).await.status == UNAVAILABLE {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "it does not recover"
        );
    }
    assert_eq!(browser.whoami().await, "ada");
    assert!(
        browser
            .sign_out(SignOutScope::Local)
            .await
            .status
            .is_success()
    );
}

/// A client that disconnects must leave nothing half-done on a connection. The network is slow, so
/// that the rounds drop the request at each of PostgreSQL's responses.
#[tokio::test]
async fn dropped_requests_leave_no_transaction_open() {
    let proxy = DatabaseProxy::new();
    let site = Site::through(|url| proxy.url(url), |builder| builder).await;
    proxy.set(Fault::Slow);
    let other = Database::connect(&site.url).await.unwrap();
    let is_slow = matches!(other, Database::Postgres(_));
    let step = if is_slow { DELAY / 2 } else { DELAY / 200 };
    for round in 0..30 {
        let mut browser = site.browser();
        let _ = timeout(step * round, browser.post("/sign-in/ada")).await;
        let sign_out = site.guardian.sign_out_user("bob", Reason::User);
        let _ = timeout(step * round, sign_out).await;
        // Checked before the next request could end the transaction.
        until_transactions_end(&other).await;
    }
    proxy.set(Fault::None);
    site.guardian
        .sign_out_user("ada", Reason::User)
        .await
        .unwrap();
    let before = site.count("guardian_event where user_id = 'ada'").await;
    // Each connection works, and the others see its writes.
    for _ in 0..20 {
        let mut browser = site.signed_in("ada").await;
        let signed_out = in_time(browser.sign_out(SignOutScope::Local)).await;
        assert!(signed_out.status.is_success(), "{}", signed_out.body);
    }
    let events = count(&other, "guardian_event where user_id = 'ada'").await;
    assert_eq!(events - before, 20);
}

/// Starts tasks that check the session again and again, and send the user's id, until the receiver
/// is dropped.
fn keep_checking(browser: &Browser) -> UnboundedReceiver<String> {
    let (sender, users) = unbounded_channel();
    for _ in 0..32 {
        let (sender, mut browser) = (sender.clone(), browser.clone());
        tokio::spawn(async move { while sender.send(browser.whoami().await).is_ok() {} });
    }
    users
}

#[tokio::test]
async fn connections_that_end_fail_no_session_check() {
    let site = Site::new().await;
    if let Database::Postgres(_) = &site.database {
        let ada = site.signed_in("ada").await;
        let mut users = keep_checking(&ada);
        let mut other = PgConnection::connect(&site.url).await.unwrap();
        // Ends the connections while many checks run.
        for _ in 0..3 {
            for _ in 0..200 {
                assert_eq!(users.recv().await.unwrap(), "ada");
            }
            sqlx::query(
                "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()",
            )
            .execute(&mut other)
            .await
            .unwrap();
            // The checks that had ended by then.
            while let Ok(name) = users.try_recv() {
                assert_eq!(name, "ada");
            }
        }
        for _ in 0..200 {
            assert_eq!(users.recv().await.unwrap(), "ada");
        }
    }
}

/// A handler holds a transaction and calls the library, which waits for that transaction.
#[tokio::test]
async fn connections_that_end_fail_no_sign_in_and_no_sign_out() {
    let site = Site::new().await;
    let Database::Postgres(_) = &site.database else {
        return;
    };
    let mut other = PgConnection::connect(&site.url).await.unwrap();
    for _ in 0..5 {
        // Opens several connections.
        let all = join_all((0..6).map(|_| site.signed_in("ada"))).await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .execute(&mut other)
        .await
        .unwrap();
        site.signed_in("bob").await;
        for mut browser in all {
            let response = browser.sign_out(SignOutScope::Local).await;
            assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        }
    }
}

#[tokio::test]
async fn the_log_names_a_held_transaction_as_the_cause() {
    let log = Log::start();
    let site = Site::new().await;
    if let Database::Sqlite(_) = &site.database {
        let held = site.begin_sign_out("ada").await;
        let mut browser = site.browser();
        let response = in_time(browser.post("/sign-in/bob")).await;
        assert_eq!(response.status, UNAVAILABLE);
        log.assert_contains("ERROR", "database is locked");
        drop(held);
    }
}

/// The app's own long statements may take every connection.
#[tokio::test]
async fn requests_are_refused_soon_without_a_free_connection() {
    let log = Log::start();
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let refused = leptos_guardian::with_pool!(&site.database, pool => {
        let mut taken = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            taken.push(pool.acquire().await.unwrap());
        }
        let start = Instant::now();
        let requests = (0..200).map(|_| {
            let mut browser = browser.clone();
            async move { browser.get("/whoami").await.status }
        });
        let refused = join_all(requests).await;
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        drop(taken);
        refused
    });
    assert!(
        refused.iter().all(|status| *status == UNAVAILABLE),
        "{refused:?}"
    );
    log.assert_contains("ERROR", "pool timed out");
    assert_eq!(browser.clone().whoami().await, "ada");
}

/// SQLite has no page left. PostgreSQL raises the error of a full disk at the last statement of a
/// sign-out, and the statements before it must be undone.
#[tokio::test]
async fn a_full_disk_signs_nobody_in_and_leaves_no_sign_out_half_done() {
    let log = Log::start();
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/word").await;
    let full = match &site.database {
        Database::Sqlite(pool) => {
            let options = SqliteConnectOptions::from_str(&site.url).unwrap();
            let pages: i64 = sqlx::query_scalar("pragma page_count")
                .fetch_one(pool)
                .await
                .unwrap();
            let options = options.pragma("max_page_count", (pages + 1).to_string());
            let pool = SqlitePoolOptions::new().connect_lazy_with(options);
            Database::Sqlite(pool)
        }
        Database::Postgres(_) => {
            for statement in [
                "create function full_disk() returns trigger language plpgsql as $$ begin
                    raise exception 'could not extend file' using errcode = 'disk_full';
                end $$",
                "create trigger full_session before insert on guardian_session
                    for each row execute function full_disk()",
                "create trigger full_event before insert on guardian_event
                    for each row execute function full_disk()",
            ] {
                site.execute(statement).await;
            }
            Database::connect(&site.url).await.unwrap()
        }
    };
    let server = site.server_on(full, |builder| builder).await;
    let mut there = browser.on(&server);

    let mut signed_in = Vec::new();
    let refused = loop {
        let mut other = site.browser().on(&server);
        let response = in_time(other.post("/sign-in/bob")).await;
        if response.status != StatusCode::OK {
            assert!(other.cookies.is_empty(), "{:?}", other.cookies);
            break response;
        }
        signed_in.push(other);
        assert!(signed_in.len() < 500, "the disk is never full");
    };
    assert_eq!(refused.status, UNAVAILABLE);
    log.assert_contains("ERROR", "the sign-in failed");
    assert_eq!(
        there.whoami().await,
        "ada",
        "a signed-in user stays signed in"
    );

    let mut replay = browser.clone();
    let response = in_time(there.sign_out(SignOutScope::Local)).await;
    let is_signed_out = response.status.is_success();
    assert!(
        is_signed_out || response.status == UNAVAILABLE,
        "{}",
        response.status
    );
    assert_eq!(
        replay.whoami().await == "nobody",
        is_signed_out,
        "the response is true"
    );
    let expected = if is_signed_out { "nothing" } else { "word" };
    assert_eq!(replay.get("/recall").await.body, expected, "all or nothing");

    // Makes space again.
    if let Database::Postgres(_) = &site.database {
        site.execute("drop function full_disk() cascade").await;
    }
    browser.cookies = there.cookies;
    let response = browser.sign_out(SignOutScope::Local).await;
    assert!(response.status.is_success());
    assert_eq!(replay.whoami().await, "nobody");
    for mut other in signed_in {
        assert_eq!(other.whoami().await, "bob");
    }
}

#[tokio::test]
async fn a_clock_that_moves_an_hour_signs_nobody_out_and_stops_no_sign_out() {
    const HOUR: i64 = 60 * 60;
    for seconds in [HOUR, -HOUR] {
        let (sender, mut events) = unbounded_channel();
        let site = Site::with(|builder| with_hook(builder, &sender)).await;
        let mut ada = site.signed_in("ada").await;
        ada.post("/remember/word").await;
        let bob = site.signed_in("bob").await;
        let mut page = bob.open_page().await;
        let mut eve = site.signed_in("eve").await;

        site.move_clock(seconds);
        assert_eq!(ada.whoami().await, "ada");
        assert_eq!(ada.get("/recall").await.body, "word");
        let mut replay = ada.clone();
        let done: SignedOut = ada.sign_out(SignOutScope::Global).await.json();
        assert_eq!(done.ended.len(), 1);
        assert_eq!(replay.whoami().await, "nobody");
        assert_eq!(events.recv().await.unwrap().user_id, "ada");

        site.signed_in("ada").await;
        let ended = site.guardian.sign_out_everyone(Reason::Administrator);
        assert_eq!(
            ended.await.unwrap().len(),
            3,
            "also those from the other hour"
        );
        assert_eq!(eve.whoami().await, "nobody");
        assert!(page.notice().await.is_current);

        site.move_clock(-seconds);
        for mut browser in [replay, bob, eve] {
            assert_eq!(
                browser.whoami().await,
                "nobody",
                "and nobody is signed in again"
            );
        }
        site.guardian.clean_up().await.unwrap();
        assert_eq!(site.count("guardian_event").await, 4);
    }
}

#[tokio::test]
async fn an_absent_database_is_waited_for_at_startup() {
    let log = Log::start();
    // No server listens on this port.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://postgres@127.0.0.1:{port}/app");
    let start = Instant::now();
    let patience = Duration::from_secs(2);
    let refused = Database::connect_within(&url, patience).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Away { .. }), "{refused}");
    assert!(
        refused.source().unwrap().to_string().contains("refused"),
        "{refused}"
    );
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );

    let fresh = common::fresh_database().await;
    let proxy = DatabaseProxy::new();
    proxy.set(Fault::Cut);
    let url = proxy.url(fresh.url.clone());
    let connecting = Database::connect_within(&url, Duration::from_secs(20));
    let (connected, ()) = tokio::join!(connecting, async {
        // The first attempt has failed.
        proxy.until_fault_hits().await;
        proxy.set(Fault::None);
    });
    connected.unwrap();
    log.assert_contains("WARN", "the database cannot be reached; trying again");
}

/// Waiting does not help against a wrong configuration.
#[tokio::test]
async fn a_configuration_error_is_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(
        &file,
        "not a database, and long enough not to be taken for an empty one",
    )
    .unwrap();
    let start = Instant::now();
    let patience = Duration::from_secs(20);
    for url in [
        "mysql://localhost/app".to_owned(),
        "postgres://localhost:port/app".to_owned(),
        format!("sqlite://{}/app.db", file.display()),
        format!("sqlite://{}", file.display()),
    ] {
        let refused = Database::connect_within(&url, patience).await;
        assert!(
            !matches!(refused, Ok(_) | Err(ConnectError::Away { .. })),
            "{url}: {refused:?}"
        );
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}
