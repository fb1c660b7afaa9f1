//! A connection whose transaction has not ended cleanly is not used again.

mod common;

use common::{Browser, DELAY, Link, Site, Weather, count};
use futures::future::join_all;
use http::StatusCode;
use leptos_guardian::{
    Reason, SignOutScope,
    server::{Database, Transaction},
    with_connection,
};
use sqlx::{
    Connection as _, PgConnection,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{
    str::FromStr as _,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// More than every pool has connections.
const ROUNDS: usize = 24;

/// As few connections as a pool may have.
const FEW: u32 = 2;

/// Every connection signs in and out, and another browser sees it.
async fn assert_everything_works(browser: &Browser) {
    for round in 0..ROUNDS {
        let mut users = [browser.clone(), browser.clone(), browser.clone()];
        let outcomes = users.iter_mut().map(async |browser| {
            browser.cookies.clear();
            browser.sign_in("bob").await;
            let mut replay = browser.clone();
            assert_eq!(replay.is().await, "bob");
            let answer = browser.sign_out(SignOutScope::Local).await;
            (answer.status, replay.is().await)
        });
        for (status, is) in join_all(outcomes).await {
            assert_eq!(status, StatusCode::OK, "round {round}");
            assert_eq!(is, "nobody", "round {round}");
        }
    }
}

/// A pool that the app has made, which has no hook of the library's.
async fn own_pool(url: &str, pragmas: &[(&'static str, String)], connections: u32) -> Database {
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
async fn after_a_full_disk_everything_works_as_soon_as_there_is_room() {
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
    let full = own_pool(&site.url, &limit, 4);
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

/// Signs in, several at once, until so many sign-ins have failed.
async fn fail_until(browser: &Browser, failures: usize) -> usize {
    let mut failed = 0;
    for _ in 0..1000 {
        let mut browsers = vec![browser.clone(); 4];
        let sign_ins = browsers
            .iter_mut()
            .map(|browser| browser.post("/sign-in/ada"));
        let answers = join_all(sign_ins).await;
        failed += answers
            .iter()
            .filter(|answer| answer.status != StatusCode::OK)
            .count();
        if failed >= failures {
            return failed;
        }
    }
    panic!("only {failed} sign-ins have failed");
}

/// A table whose rows are checked at the commit.
async fn make_deferred(site: &Site) {
    site.execute("create table parent (id bigint primary key)")
        .await;
    site.execute(
        "create table child (parent bigint references parent (id) deferrable initially deferred)",
    )
    .await;
}

async fn break_at_commit(transaction: &mut Transaction) {
    with_connection!(transaction.connection(), connection => {
        sqlx::query("insert into child values (1)").execute(connection).await.unwrap();
    });
}

#[tokio::test]
async fn a_commit_that_is_refused_ends_nothing_and_harms_no_other() {
    let site = Site::new().await;
    make_deferred(&site).await;
    let server = own_pool(&site.url, &[("foreign_keys", "on".into())], FEW).await;
    let server = site.server_on(server, |builder| builder).await;
    let mut browser = site.browser().on(&server);
    browser.sign_in("ada").await;
    for _ in 0..3 {
        let mut transaction = server.guardian.begin().await.unwrap();
        let ended = transaction.sign_out_user("ada", Reason::Administrator);
        assert_eq!(ended.await.unwrap().len(), 1);
        break_at_commit(&mut transaction).await;
        assert!(transaction.commit().await.is_err());
        assert_eq!(browser.is().await, "ada");
    }
    assert_everything_works(&browser).await;
}

/// PostgreSQL answers the commit of a failed transaction, and has rolled back.
#[tokio::test]
async fn an_app_that_ignores_a_failed_statement_is_told_what_became_of_the_sign_out() {
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
    let is_over = browser.is().await == "nobody";
    assert_eq!(is_committed, is_over);
    assert_everything_works(&site.browser()).await;
}

/// Whoever was told of success is out, whoever was told of a failure may try again.
#[tokio::test]
async fn statements_that_are_interrupted_leave_true_answers_and_clean_connections() {
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
            let answer = browser.sign_out(SignOutScope::Local).await;
            interrupted += usize::from(answer.status != StatusCode::OK);
            if answer.status == StatusCode::OK {
                let is = replay.get("/whoami").await;
                assert_ne!(is.body, "ada");
            }
        }
        interrupted
    });
    let (interrupted, ()) = tokio::join!(join_all(work), interrupt);
    assert!(interrupted.iter().sum::<usize>() > 0, "nothing was tried");
    assert_everything_works(&site.browser()).await;
}

/// The app begins a transaction of its own on the pool, and gives up before it has begun.
#[tokio::test]
async fn a_transaction_that_an_app_gave_up_swallows_nothing() {
    let link = Link::new();
    let site = Site::reached_by(|url| link.address(url), |builder| builder).await;
    leptos_guardian::with_pool!(&site.database, pool => {
        let open = (0..4).map(|_| pool.acquire());
        drop(join_all(open).await);
        link.set(Weather::Slow);
        // Some within the time that `begin` takes, after sqlx has asked whether the connection lives.
        for quarter in 1..24 {
            let _ = timeout(DELAY * quarter / 4, pool.begin()).await;
        }
    });
    link.set(Weather::Fine);
    let other = Database::connect(&site.url).await.unwrap();
    for visitors in 1..=ROUNDS {
        site.browser().post("/remember/cart").await;
        assert_eq!(count(&other, "tower_sessions").await, visitors as i64);
    }
}

/// Not even one that the app has begun by a statement, which sqlx does not count.
#[tokio::test]
async fn a_transaction_that_an_app_left_open_holds_up_nobody_for_long() {
    let site = Site::new().await;
    let database = own_pool(&site.url, &[], FEW).await;
    let server = site.server_on(database.clone(), |builder| builder).await;
    leptos_guardian::with_pool!(&database, pool => {
        sqlx::query("begin").execute(pool).await.unwrap();
    });
    let browser = site.browser().on(&server);
    for _ in 0..FEW {
        let _ = browser.clone().post("/sign-in/ada").await;
    }
    assert_everything_works(&browser).await;
    assert_eq!(site.count("guardian_event").await, 3 * ROUNDS as i64);
}
