//! Transactions on SQLite: durable ones, and those left open.

use crate::server::{backend::BackendConnection as _, time_limit::in_time};
use sqlx::{
    Connection as _, Executor as _, Row as _, Sqlite, SqliteConnection, TransactionManager as _,
    pool::PoolConnection,
};

type Transactions = <Sqlite as sqlx::Database>::TransactionManager;

/// Makes a connection sync each commit to the disk, whatever its setting: a revoked session must not
/// come back after a power cut. `EXTRA` is `FULL` in WAL mode, and durable in the other journal modes,
/// too (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Returns the setting from before.
pub(super) async fn sync_commits(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let rows = connection.fetch_all("PRAGMA synchronous; PRAGMA synchronous = extra");
    let rows = rows.await?;
    rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)
}

/// Restores the `synchronous` setting. If that fails, the connection syncs every commit, which is
/// slower and no fault.
pub(super) async fn restore_sync(connection: &mut SqliteConnection, sync: i64) {
    let restore = format!("PRAGMA synchronous = {sync}");
    if let Err(cause) = in_time(connection.execute(&*restore)).await {
        tracing::warn!(%cause, "a connection goes on to sync every commit");
    }
}

/// Undoes a dropped transaction at once, for the next writer. SQLite reports whether it worked; and
/// closing the connection would delete an in-memory database.
pub(super) fn abandon(mut connection: PoolConnection<Sqlite>, sync: i64) {
    Transactions::start_rollback(&mut connection);
    tokio::spawn(async move {
        // After this, the rollback has been tried.
        let is_there = in_time(connection.ping()).await.is_ok();
        if is_there && connection.end_open_transaction().await {
            restore_sync(&mut connection, sync).await;
        } else {
            connection.close_on_drop();
        }
    });
}

/// Returns whether no transaction is open on a connection, according to SQLite itself: it begins none
/// inside another.
///
/// When the disk is full, SQLite rolls back by itself. sqlx's own rollback then fails, and sqlx goes
/// on to count a transaction and to refuse every further one. So a new transaction is begun here, for
/// sqlx to end. Closing the connection instead would be worse: on a full disk no other one can be
/// opened once the last is gone, and nobody's session could be checked.
pub(super) async fn reset(connection: &mut SqliteConnection) -> bool {
    let reset = async {
        connection.execute("begin").await?;
        if connection.is_in_transaction() {
            Transactions::rollback(connection).await
        } else {
            connection.execute("rollback").await.map(drop)
        }
    };
    in_time(reset).await.is_ok() && !connection.is_in_transaction()
}

/// See [`end_uncounted_transaction`](super::BackendConnection::end_uncounted_transaction).
pub(super) async fn end_uncounted(connection: &mut SqliteConnection) -> bool {
    match in_time(connection.execute("rollback")).await {
        Ok(_) => {
            tracing::warn!("a transaction that the app has left open is rolled back");
            true
        }
        // There is none.
        Err(sqlx::Error::Database(_)) => true,
        Err(_) => false,
    }
}

/// Returns whether a connection may go back to the pool: no transaction is open on it. (A `begin` whose
/// caller was dropped is rolled back by sqlx as soon as it has run.)
pub(super) async fn may_be_pooled(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // After this, the rollback of a dropped transaction has been tried.
        in_time(connection.ping()).await?;
    }
    Ok(connection.end_open_transaction().await)
}
