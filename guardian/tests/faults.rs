//! The database fails in one way or another. Every request is answered, the answer is honest,
//! and afterwards everyone is as they should be.

mod common;

use common::{Answer, Browser, DELAY, Link, Log, Site, Weather, count, with_hook};
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
    str::FromStr as _,
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{sleep, timeout},
};

/// No request may take longer, whatever the database does: three seconds for a connection, five
/// for the work, and some for a busy machine.
const LIMIT: Duration = Duration::from_secs(12);

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let start = Instant::now();
    let answer = answer.await;
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    answer
}

/// A site whose database can be taken away: the network to PostgreSQL, the tables of SQLite.
struct Fragile {
    site: Site,
    link: Link,
}

impl Fragile {
    async fn new() -> Self {
        let link = Link::new();
        Self {
            site: Site::reached_by(|url| link.address(url), |builder| builder).await,
            link,
        }
    }

    async fn take_away(&self) {
        match &self.site.database {
            Database::Postgres(_) => self.link.set(Weather::Cut),
            Database::Sqlite(_) => {
                for table in ["guardian_session", "guardian_event"] {
                    let away = format!("alter table {table} rename to {table}_away");
                    self.site.execute(&away).await;
                }
            }
        }
    }

    async fn bring_back(&self) {
        match &self.site.database {
            Database::Postgres(_) => self.link.set(Weather::Fine),
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
async fn away_at_a_check_nobody_is_taken_for_signed_out() {
    let log = Log::start();
    let fragile = Fragile::new().await;
    let mut browser = fragile.site.signed_in("ada").await;
    fragile.take_away().await;
    let answer = in_time(browser.get("/whoami")).await;
    assert_eq!(answer.status, UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        answer.set_cookies().is_empty(),
        "{:?}",
        answer.set_cookies()
    );
    log.assert_says("ERROR", "the session could not be checked");
    fragile.bring_back().await;
    assert_eq!(browser.is().await, "ada");
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_the_trouble_of_one_browser() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let mut eve = site.signed_in("eve").await;
    site.execute("update guardian_session set profile = '{' where user_id = 'bob'")
        .await;
    // At once, so that they share a read.
    let (ada, bob, eve) = tokio::join!(ada.is(), bob.get("/whoami"), eve.is());
    assert_eq!((ada.as_str(), eve.as_str()), ("ada", "eve"));
    assert_eq!(bob.status, UNAVAILABLE);
}

#[tokio::test]
async fn a_request_that_is_given_up_takes_no_other_along() {
    let site = Site::new().await;
    let mut browsers = Vec::new();
    for n in 0..30 {
        browsers.push(site.signed_in(&format!("user-{n}")).await);
    }
    let mut requests: Vec<_> = browsers
        .iter_mut()
        .map(|browser| Box::pin(browser.is()))
        .collect();
    for request in &mut requests {
        assert!(request.now_or_never().is_none());
    }
    // Those that came first, on whose behalf the database is asked.
    requests.drain(..10);
    let names = timeout(Duration::from_secs(2), join_all(requests)).await;
    let expected: Vec<_> = (10..30).map(|n| format!("user-{n}")).collect();
    assert_eq!(names.expect("no answer"), expected);
}

#[tokio::test]
async fn away_at_a_sign_in_nobody_is_signed_in() {
    let log = Log::start();
    let fragile = Fragile::new().await;
    let mut browser = fragile.site.browser();
    fragile.take_away().await;
    let answer = in_time(browser.post("/sign-in/ada")).await;
    assert_eq!(answer.status, UNAVAILABLE);
    assert!(browser.cookies.is_empty());
    log.assert_says("ERROR", "the sign-in failed");
    fragile.bring_back().await;
    assert_eq!(browser.is().await, "nobody");
    assert_eq!(fragile.site.count("guardian_session").await, 0);
    assert_eq!(fragile.site.count("tower_sessions").await, 0);
    browser.sign_in("ada").await;
    assert_eq!(browser.is().await, "ada");
}

#[tokio::test]
async fn away_at_a_sign_out_it_is_told_and_the_retry_ends_the_session() {
    let log = Log::start();
    let fragile = Fragile::new().await;
    let mut browser = fragile.site.signed_in("ada").await;
    let replay = browser.clone();
    fragile.take_away().await;
    let answer = in_time(browser.sign_out(SignOutScope::Local)).await;
    log.assert_says("ERROR", "the sign-out could not be carried out");
    fragile.bring_back().await;
    assert_told_and_ended_by_the_retry(answer, &mut browser, replay).await;
}

#[tokio::test]
async fn away_it_still_signs_out_whoever_is_not_signed_in() {
    let fragile = Fragile::new().await;
    let mut browser = fragile.site.browser();
    fragile.take_away().await;
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let answer = in_time(browser.sign_out(scope)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    fragile.bring_back().await;
}

/// Another program holds SQLite's write lock; PostgreSQL's answers are held up.
#[tokio::test]
async fn too_slow_for_a_sign_out_it_is_told_and_the_retry_ends_the_session() {
    let log = Log::start();
    let link = Link::new();
    let site = Site::reached_by(|url| link.address(url), |builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let replay = browser.clone();
    let answer = match &site.database {
        Database::Sqlite(_) => {
            let mut other = SqliteConnection::connect(&site.url).await.unwrap();
            let lock = other.begin_with("begin immediate").await.unwrap();
            let answer = in_time(browser.sign_out(SignOutScope::Local)).await;
            lock.rollback().await.unwrap();
            answer
        }
        Database::Postgres(_) => {
            link.set(Weather::Stalled);
            let answer = in_time(browser.sign_out(SignOutScope::Local)).await;
            link.set(Weather::Fine);
            answer
        }
    };
    log.assert_says("ERROR", "the sign-out could not be carried out");
    // What was given up may still be carried out by the database: before this, or never.
    site.settle().await;
    assert_told_and_ended_by_the_retry(answer, &mut browser, replay).await;
}

/// The connection is there, and the statement comes to no end. On SQLite only writes wait.
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
    assert_eq!(browser.is().await, "ada");
    other.sign_in("bob").await;
    assert_eq!(other.is().await, "bob");
}

async fn assert_told_and_ended_by_the_retry(
    answer: Answer,
    browser: &mut Browser,
    mut replay: Browser,
) {
    assert_eq!(answer.status, UNAVAILABLE, "{}", answer.body);
    assert!(
        matches!(answer.json(), SignOutError::Unavailable { .. }),
        "{}",
        answer.body
    );
    assert!(["ada", "nobody"].contains(&replay.is().await.as_str()));
    let retry = browser.sign_out(SignOutScope::Local).await;
    assert!(retry.status.is_success(), "{}", retry.body);
    assert_eq!(replay.is().await, "nobody");
    assert_eq!(browser.is().await, "nobody");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
}

/// As after a change of machines that nobody was told of: the old connections say nothing any
/// more, and new ones work.
#[tokio::test]
async fn connections_that_have_gone_silent_are_replaced() {
    let link = Link::new();
    let site = Site::reached_by(|url| link.address(url), |builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    // A debug build takes seconds to learn the names of browsers, once, for the first list.
    browser.sessions().await;
    let direct = Site::at(site.url.clone(), |builder| builder).await;
    if let Database::Postgres(pool) = &direct.database {
        // Each of the pool's waits for what the test holds when the silence begins.
        let mut hold = pool.begin().await.unwrap();
        let lock = sqlx::query("lock table guardian_session");
        lock.execute(&mut *hold).await.unwrap();
        let all = pool.options().get_max_connections();
        let requests = (0..all).map(|_| {
            let (mut browser, guardian) = (browser.clone(), site.guardian.clone());
            async move {
                tokio::join!(
                    browser.get("/sessions"),
                    guardian.sign_out_user("bob", Reason::User)
                )
            }
        });
        let requests = tokio::spawn(join_all(requests));
        direct.until_waiting(all.into()).await;
        link.set(Weather::Silent);
        hold.rollback().await.unwrap();
        requests.await.unwrap();
    }
    let start = Instant::now();
    while in_time(browser.get("/sessions")).await.status == UNAVAILABLE {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "it does not recover"
        );
    }
    assert_eq!(browser.is().await, "ada");
    assert!(
        browser
            .sign_out(SignOutScope::Local)
            .await
            .status
            .is_success()
    );
}

/// A client that goes away in the middle must leave nothing half-done on a connection. The
/// network is slow, so that each answer of PostgreSQL is once the one that nobody waits for.
#[tokio::test]
async fn requests_that_are_dropped_half_way_leave_no_transaction_open() {
    let link = Link::new();
    let site = Site::reached_by(|url| link.address(url), |builder| builder).await;
    link.set(Weather::Slow);
    let other = Database::connect(&site.url).await.unwrap();
    let is_slow = matches!(other, Database::Postgres(_));
    let step = if is_slow { DELAY / 2 } else { DELAY / 200 };
    for round in 0..30 {
        let mut browser = site.browser();
        let _ = timeout(step * round, browser.post("/sign-in/ada")).await;
        let sign_out = site.guardian.sign_out_user("bob", Reason::User);
        let _ = timeout(step * round, sign_out).await;
        // Before the next one could bring it to an end.
        if is_slow {
            let open = "pg_stat_activity where datname = current_database()
                and state like 'idle in transaction%'";
            let all_ended = async {
                while count(&other, open).await > 0 {
                    sleep(DELAY).await;
                }
            };
            let all_ended = timeout(Duration::from_secs(3), all_ended).await;
            assert!(all_ended.is_ok(), "one stays open, round {round}");
        }
    }
    link.set(Weather::Fine);
    site.guardian
        .sign_out_user("ada", Reason::User)
        .await
        .unwrap();
    let before = site.count("guardian_event where user_id = 'ada'").await;
    // Each connection works, and what it has done is there for the others.
    for _ in 0..20 {
        let mut browser = site.signed_in("ada").await;
        let signed_out = in_time(browser.sign_out(SignOutScope::Local)).await;
        assert!(signed_out.status.is_success(), "{}", signed_out.body);
    }
    let events = count(&other, "guardian_event where user_id = 'ada'").await;
    assert_eq!(events - before, 20);
}

/// Each of many tasks checks one time after the other, as long as somebody listens, and tells who
/// it was.
fn keep_checking(browser: &Browser) -> UnboundedReceiver<String> {
    let (told, found) = unbounded_channel();
    for _ in 0..32 {
        let (told, mut browser) = (told.clone(), browser.clone());
        tokio::spawn(async move { while told.send(browser.is().await).is_ok() {} });
    }
    found
}

#[tokio::test]
async fn connections_that_end_cost_no_check() {
    let site = Site::new().await;
    if let Database::Postgres(_) = &site.database {
        let ada = site.signed_in("ada").await;
        let mut found = keep_checking(&ada);
        let mut other = PgConnection::connect(&site.url).await.unwrap();
        // In the middle of many, each time.
        for _ in 0..3 {
            for _ in 0..200 {
                assert_eq!(found.recv().await.unwrap(), "ada");
            }
            sqlx::query(
                "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()",
            )
            .execute(&mut other)
            .await
            .unwrap();
            // Those that were done by then.
            while let Ok(name) = found.try_recv() {
                assert_eq!(name, "ada");
            }
        }
        for _ in 0..200 {
            assert_eq!(found.recv().await.unwrap(), "ada");
        }
    }
}

/// A handler holds a transaction and waits for the library, which would wait for the transaction.
#[tokio::test]
async fn a_transaction_that_is_held_is_named_as_the_cause() {
    let log = Log::start();
    let site = Site::new().await;
    if let Database::Sqlite(_) = &site.database {
        let held = site.begin_sign_out("ada").await;
        let mut browser = site.browser();
        let answer = in_time(browser.post("/sign-in/bob")).await;
        assert_eq!(answer.status, UNAVAILABLE);
        log.assert_says("ERROR", "database is locked");
        drop(held);
    }
}

/// Every connection is taken, as by an app's own long statements.
#[tokio::test]
async fn without_a_free_connection_requests_are_refused_soon() {
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
    log.assert_says("ERROR", "pool timed out");
    assert_eq!(browser.clone().is().await, "ada");
}

/// SQLite really has no page left. PostgreSQL raises the error of a full disk, at the last
/// statement of a sign-out: what was done before it must be undone.
#[tokio::test]
async fn a_full_disk_signs_nobody_in_and_takes_no_sign_out_half() {
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
        let answer = in_time(other.post("/sign-in/bob")).await;
        if answer.status != StatusCode::OK {
            assert!(other.cookies.is_empty(), "{:?}", other.cookies);
            break answer;
        }
        signed_in.push(other);
        assert!(signed_in.len() < 500, "the disk is never full");
    };
    assert_eq!(refused.status, UNAVAILABLE);
    log.assert_says("ERROR", "the sign-in failed");
    assert_eq!(there.is().await, "ada", "who is in stays in");

    let mut replay = browser.clone();
    let answer = in_time(there.sign_out(SignOutScope::Local)).await;
    let is_over = answer.status.is_success();
    assert!(is_over || answer.status == UNAVAILABLE, "{}", answer.status);
    assert_eq!(replay.is().await == "nobody", is_over, "the answer is true");
    let expected = if is_over { "nothing" } else { "word" };
    assert_eq!(replay.get("/recall").await.body, expected, "all or nothing");

    // Somebody has made room.
    if let Database::Postgres(_) = &site.database {
        site.execute("drop function full_disk() cascade").await;
    }
    browser.cookies = there.cookies;
    let answer = browser.sign_out(SignOutScope::Local).await;
    assert!(answer.status.is_success());
    assert_eq!(replay.is().await, "nobody");
    for mut other in signed_in {
        assert_eq!(other.is().await, "bob");
    }
}

#[tokio::test]
async fn a_clock_that_moves_an_hour_signs_nobody_out_and_spares_nobody() {
    const HOUR: i64 = 60 * 60;
    for seconds in [HOUR, -HOUR] {
        let (heard, mut events) = unbounded_channel();
        let site = Site::with(|builder| with_hook(builder, &heard)).await;
        let mut ada = site.signed_in("ada").await;
        ada.post("/remember/word").await;
        let bob = site.signed_in("bob").await;
        let mut page = bob.open_page().await;
        let mut eve = site.signed_in("eve").await;

        site.move_clock(seconds);
        assert_eq!(ada.is().await, "ada");
        assert_eq!(ada.get("/recall").await.body, "word");
        let mut replay = ada.clone();
        let done: SignedOut = ada.sign_out(SignOutScope::Global).await.json();
        assert_eq!(done.ended.len(), 1);
        assert_eq!(replay.is().await, "nobody");
        assert_eq!(events.recv().await.unwrap().user_id, "ada");

        site.signed_in("ada").await;
        let ended = site.guardian.sign_out_everyone(Reason::Administrator);
        assert_eq!(ended.await.unwrap().len(), 3, "those of another hour, too");
        assert_eq!(eve.is().await, "nobody");
        assert!(page.notice().await.is_current);

        site.move_clock(-seconds);
        for mut browser in [replay, bob, eve] {
            assert_eq!(browser.is().await, "nobody", "and nobody comes back");
        }
        site.guardian.clean_up().await.unwrap();
        assert_eq!(site.count("guardian_event").await, 4);
    }
}

#[tokio::test]
async fn away_at_the_start_it_is_waited_for() {
    let log = Log::start();
    // No link is needed to be early for a port that nobody listens at yet.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://postgres@127.0.0.1:{port}/app");
    let start = Instant::now();
    let patience = Duration::from_secs(2);
    let refused = Database::connect_within(&url, patience).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Away { .. }), "{refused}");
    assert!(refused.to_string().contains("refused"), "{refused}");
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
    let link = Link::new();
    link.set(Weather::Cut);
    let url = link.address(fresh.address.clone());
    let connecting = Database::connect_within(&url, Duration::from_secs(20));
    let (connected, ()) = tokio::join!(connecting, async {
        // It has been tried in vain.
        link.until_felt().await;
        link.set(Weather::Fine);
    });
    connected.unwrap();
    log.assert_says("WARN", "the database cannot be reached; trying again");
}

/// No waiting mends what somebody has to mend.
#[tokio::test]
async fn what_is_wrong_at_the_start_is_told_at_once() {
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
