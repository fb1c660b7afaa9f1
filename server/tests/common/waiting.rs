//! Observes that work waits, instead of letting time pass and hoping.

use leptos_guardian::{
    server::{Database, Guardian},
    with_pool,
};
use std::{future::Future, time::Duration};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

/// The pause between two checks.
pub const PAUSE: Duration = Duration::from_millis(10);

/// A test fails after this time, which is far longer than anything takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The connections that wait for a PostgreSQL lock of another one.
pub const WAITING: &str = "pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'";

/// Starts work that has to wait for what the test holds. Returns once the work waits.
pub async fn start_waiting<T: Send + 'static>(
    guardian: &Guardian,
    database: &Database,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let before = waiting(guardian, database).await;
    let work = tokio::spawn(work);
    let waits = async {
        while waiting(guardian, database).await <= before {
            assert!(!work.is_finished(), "it did not wait");
            sleep(PAUSE).await;
        }
    };
    let waits = timeout(LIMIT, waits).await;
    assert!(waits.is_ok(), "it neither waits nor ends");
    work
}

/// How many wait for a lock of PostgreSQL, or for a permit to write to SQLite.
async fn waiting(guardian: &Guardian, database: &Database) -> i64 {
    match database {
        Database::Sqlite(_) => guardian.waiting_to_write() as i64,
        Database::Postgres(_) => count(database, WAITING).await,
    }
}

/// The number of rows in a table.
pub async fn count(database: &Database, table: &str) -> i64 {
    let count = format!("select count(*) from {table}");
    with_pool!(database, pool => {
        sqlx::query_scalar(&count).fetch_one(pool).await.unwrap()
    })
}
