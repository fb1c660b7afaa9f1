//! A connection with an open transaction is not reused.

mod common;

use common::{Browser, DELAY, DatabaseProxy, Fault, Site, count, until_transactions_end};
use futures::future::join_all;
use http::StatusCode;
use leptos_guardian::{
    Reason, SignOutScope,
    server::{Database, Transaction},
    with_connection,
};
use sqlx::{
    Connection as _, Executor as _, PgConnection,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{
    str::FromStr as _,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// More than the connections of any pool here.
const ROUNDS: usize = 24;

/// The fewest connections that a pool may have.
const FEWEST: u32 = 2;

/// Signs in and out on every connection, and checks the result on others.
async fn assert_everything_works(browser: &Browser) {
    for round in 0..ROUNDS {
        let mut browsers = [browser.clone(), browser.clone(), browser.clone()];
        let sign_outs = browsers.iter_mut().map(async |browser| {
            browser.cookies.clear();
            browser.sign_in("bob").await;
            let mut replay = browser.clone();
            assert_eq!(replay.whoami().await, "bob");
            let response = browser.sign_out(SignOutScope::Local).await;
            (response.status, replay.whoami().await)
        });
        for (status, user) in join_all(sign_outs).await {
            assert_eq!(status, StatusCode::OK, "round {round}");
            assert_eq!(user, "nobody", "round {round}");
        }
    }
}

/// A pool of the app's own, without the library's hooks.
async fn app_pool(url: &str, pragmas: &[(&'static str, String)], connections: u32) -> Database {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).unwrap();
        let options = pragmas.iter().fold(options, |options, (name, value)| {
            options.pragma(*name, value.clone())
        });
        let pool = SqlitePoolOptions::new().max_connections(connections);
        Database::Sqlite(pool.connect_lazy_with(options))
    } else {
        let pool = PgPoolOptions::new().max_connections(connections);
        Database::Postgres(pool.connect_lazy(url).unwrap())
    }
}

/// SQLite rolls back by itself when the disk is full, and sqlx's own rollback then fails.
#[tokio::test]
async fn everything_works_again_after_a_full_disk() {
    let site = Site::new().await;
    let Database::Sqlite(pool) = &site.database else {
        return after_a_full_disk_on_postgres(&site).await;
    };
    site.execute("create table filler (bytes blob)").await;
    site.execute(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 400)
        insert into filler select zeroblob(4000) from n",
    )
    .await;
    let pages = sqlx::query_scalar::<_, i64>("pragma page_count");
    let pages = pages.fetch_one(pool).await.unwrap();
    let limit = [("max_page_count", (pages + 1).to_string())];
    let full = app_pool(&site.url, &limit, 4);
    let server = site.server_on(full.await, |builder| builder).await;
    let browser = site.browser().on(&server);

    let failed = fail_until(&browser, 2 * ROUNDS).await;
    assert!(failed >= 2 * ROUNDS);
    site.execute("delete from filler").await;
    assert_everything_works(&browser).await;
}

async fn after_a_full_disk_on_postgres(site: &Site) {
    site.execute(
        "create function full_disk() returns trigger language plpgsql as $$ begin
            raise exception 'could not extend file' using errcode = 'disk_full';
        end $$",
    )
    .await;
    site.execute(
        "create trigger full_disk before insert on guardian_session
            for each row execute function full_disk()",
    )
    .await;
    fail_until(&site.browser(), 2 * ROUNDS).await;
    site.execute("drop function full_disk() cascade").await;
    assert_everything_works(&site.browser()).await;
}

/// Makes concurrent sign-ins until this many have failed.
async fn fail_until(browser: &Browser, failures: usize) -> usize {
    let mut failed = 0;
    for _ in 0..1000 {
        let mut browsers = vec![browser.clone(); 4];
        let sign_ins = browsers
            .iter_mut()
            .map(|browser| browser.post("/sign-in/ada"));
        let responses = join_all(sign_ins).await;
        failed += responses
            .iter()
            .filter(|response| response.status != StatusCode::OK)
            .count();
        if failed >= failures {
            return failed;
        }
    }
    panic!("only {failed} sign-ins have failed");
}

/// Creates a table whose foreign key is checked at the commit.
async fn add_deferred_check(site: &Site) {
    site.execute("create table parent (id bigint primary key)")
        .await;
    site.execute(
        "create table child (parent bigint references parent (id) deferrable initially deferred)",
    )
    .await;
}

async fn make_commit_fail(transaction: &mut Transaction) {
    with_connection!(transaction.connection(), connection => {
        sqlx::query("insert into child values (1)").execute(connection).await.unwrap();
    });
}

#[tokio::test]
async fn a_refused_commit_ends_no_session_and_harms_no_other_transaction() {
    let site = Site::new().await;
    add_deferred_check(&site).await;
    let server = app_pool(&site.url, &[("foreign_keys", "on".into())], FEWEST).await;
    let server = site.server_on(server, |builder| builder).await;
    let mut browser = site.browser().on(&server);
    browser.sign_in("ada").await;
    for _ in 0..3 {
        let mut transaction = server.guardian.begin().await.unwrap();
        let ended = transaction.sign_out_user("ada", Reason::Administrator);
        assert_eq!(ended.await.unwrap().len(), 1);
        make_commit_fail(&mut transaction).await;
        assert!(transaction.commit().await.is_err());
        assert_eq!(browser.whoami().await, "ada");
    }
    assert_everything_works(&browser).await;
}

/// PostgreSQL returns no error for the commit of a failed transaction, but rolls back.
#[tokio::test]
async fn the_commit_after_a_failed_statement_reports_whether_the_sign_out_holds() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut transaction = site.guardian.begin().await.unwrap();
    let ended = transaction.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    with_connection!(transaction.connection(), connection => {
        let ignored = sqlx::query("insert into nowhere values (1)").execute(connection).await;
        assert!(ignored.is_err());
    });
    let is_committed = transaction.commit().await.is_ok();
    let is_signed_out = browser.whoami().await == "nobody";
    assert_eq!(is_committed, is_signed_out);
    assert_everything_works(&site.browser()).await;
}

/// After a success the user is signed out. After a failure the user may try again.
#[tokio::test]
async fn interrupted_statements_give_true_responses_and_leave_clean_connections() {
    let site = Site::new().await;
    if !matches!(site.database, Database::Postgres(_)) {
        return;
    }
    let mut other = PgConnection::connect(&site.url).await.unwrap();
    let interrupt = async {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            sqlx::query(
                "select pg_cancel_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()",
            )
            .execute(&mut other)
            .await
            .unwrap();
        }
    };
    let work = (0..8).map(async |_| {
        let mut interrupted = 0;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            let mut browser = site.browser();
            if browser.post("/sign-in/ada").await.status != StatusCode::OK {
                interrupted += 1;
                continue;
            }
            let mut replay = browser.clone();
            let response = browser.sign_out(SignOutScope::Local).await;
            interrupted += usize::from(response.status != StatusCode::OK);
            if response.status == StatusCode::OK {
                let response = replay.get("/whoami").await;
                assert_ne!(response.body, "ada");
            }
        }
        interrupted
    });
    let (interrupted, ()) = tokio::join!(join_all(work), interrupt);
    assert!(
        interrupted.iter().sum::<usize>() > 0,
        "nothing was interrupted"
    );
    assert_everything_works(&site.browser()).await;
}

/// The app drops its own `begin` before it completes.
#[tokio::test]
async fn an_abandoned_transaction_of_the_app_loses_no_writes() {
    let proxy = DatabaseProxy::new();
    let site = Site::through(|url| proxy.url(url), |builder| builder).await;
    leptos_guardian::with_pool!(&site.database, pool => {
        let opening = (0..4).map(|_| pool.acquire());
        drop(join_all(opening).await);
        proxy.set(Fault::Slow);
        // Some of these times are within `begin`, after sqlx has tested the connection.
        for quarter in 1..24 {
            let _ = timeout(DELAY * quarter / 4, pool.begin()).await;
        }
    });
    proxy.set(Fault::None);
    let other = Database::connect(&site.url).await.unwrap();
    for visitors in 1..=ROUNDS {
        site.browser().post("/remember/cart").await;
        assert_eq!(count(&other, "tower_sessions").await, visitors as i64);
    }
}

/// The app begins it with a statement, which sqlx does not track.
#[tokio::test]
async fn a_transaction_that_the_app_left_open_does_not_block_others_for_long() {
    let site = Site::new().await;
    let database = app_pool(&site.url, &[], FEWEST).await;
    let server = site.server_on(database.clone(), |builder| builder).await;
    leptos_guardian::with_pool!(&database, pool => {
        sqlx::query("begin").execute(pool).await.unwrap();
    });
    let browser = site.browser().on(&server);
    for _ in 0..FEWEST {
        let _ = browser.clone().post("/sign-in/ada").await;
    }
    assert_everything_works(&browser).await;
    assert_eq!(site.count("guardian_event").await, 3 * ROUNDS as i64);
}

/// On SQLite, what it has read first stays as it was until it ends.
#[tokio::test]
async fn a_transaction_that_the_app_left_open_shows_no_ended_session() {
    let site = Site::new().await;
    let database = app_pool(&site.url, &[], FEWEST).await;
    let server = site.server_on(database.clone(), |builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    leptos_guardian::with_pool!(&database, pool => {
        let mut all = Vec::new();
        for _ in 0..FEWEST {
            let mut connection = pool.acquire().await.unwrap();
            connection.execute("begin").await.unwrap();
            connection.execute("select count(*) from guardian_session").await.unwrap();
            all.push(connection);
        }
    });
    let mut replay = browser.on(&server);
    browser.sign_out(SignOutScope::Local).await;
    for _ in 0..2 * FEWEST {
        assert_eq!(replay.whoami().await, "nobody");
    }
}

/// As SQLite does on a full disk, in a transaction of the app's own. sqlx's rollback then fails.
#[tokio::test]
async fn the_app_begins_again_after_the_database_has_rolled_back() {
    let site = Site::new().await;
    leptos_guardian::with_pool!(&site.database, pool => {
        for round in 0..ROUNDS {
            let own = pool.begin_with("begin").await;
            let mut own = own.unwrap_or_else(|cause| panic!("round {round}: {cause}"));
            own.execute("rollback").await.unwrap();
            drop(own);
        }
    });
}

/// Without the library's hooks, nothing else would end it.
#[tokio::test]
async fn a_dropped_transaction_is_undone_at_once_on_the_connections_of_the_app() {
    let site = Site::new().await;
    let database = app_pool(&site.url, &[], FEWEST).await;
    let server = site.server_on(database.clone(), |builder| builder).await;
    for _ in 0..3 {
        drop(server.guardian.begin().await.unwrap());
        leptos_guardian::with_pool!(&database, pool => {
            let (one, two) = (pool.begin().await.unwrap(), pool.begin().await.unwrap());
            one.rollback().await.unwrap();
            two.rollback().await.unwrap();
        });
    }
    let mut browser = site.signed_in("ada").await;
    assert_eq!(browser.whoami().await, "ada");
}

/// A session's first data takes a transaction. The network is slow, so that the rounds drop the request at each
/// of PostgreSQL's responses.
#[tokio::test]
async fn a_dropped_first_write_leaves_no_transaction_open_on_the_connections_of_the_app() {
    let site = Site::new().await;
    let proxy = DatabaseProxy::new();
    let database = app_pool(&proxy.url(site.url.clone()), &[], FEWEST).await;
    let server = site.server_on(database, |builder| builder).await;
    for round in 0..24 {
        let mut browser = site.signed_in("ada").await.on(&server);
        proxy.set(Fault::Slow);
        let _ = timeout(DELAY * round, browser.post("/remember/word")).await;
        proxy.set(Fault::None);
        until_transactions_end(&site.database).await;
        let ended = browser.sign_out(SignOutScope::Local).await;
        assert!(ended.status.is_success(), "round {round}");
    }
}

/// PostgreSQL was restarted, or an operator has ended the process.
#[tokio::test]
async fn a_check_whose_connection_is_lost_moves_to_another() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let Database::Postgres(pool) = &site.database else {
        return;
    };
    let mut other = PgConnection::connect(&site.url).await.unwrap();
    let mut locked = other.begin().await.unwrap();
    sqlx::query("lock table guardian_session")
        .execute(&mut *locked)
        .await
        .unwrap();
    let check = site.start_waiting(async move { browser.whoami().await });
    let check = check.await;
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let ended: Vec<bool> = sqlx::query_scalar(end).fetch_all(pool).await.unwrap();
    assert_eq!(ended, [true]);
    locked.rollback().await.unwrap();
    assert_eq!(check.await.unwrap(), "ada");
}
