//! An open transaction on either database.

use super::{
    Connection, Database,
    connection::PooledConnection,
    time_limit::in_time,
    unfinished_transaction::{end_sqlite, reset_sqlite},
};
use sqlx::{
    Connection as _, Executor as _, Postgres, Sqlite, SqliteConnection, TransactionManager as _,
};

type SqliteTransactions = <Sqlite as sqlx::Database>::TransactionManager;
type PostgresTransactions = <Postgres as sqlx::Database>::TransactionManager;

/// Takes the write lock at once. A transaction that takes it only after a read fails when another one
/// has written in between, however long it would wait.
///
/// Syncs the commit to the disk, whatever the connection's setting: an ended session must not come
/// back after a power cut. `EXTRA` is `FULL` in WAL mode, and durable in the other journal modes, too
/// (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
const BEGIN_SQLITE: &str = "PRAGMA synchronous = extra; begin immediate";

/// Lets each statement see everything that was committed before it, whatever the database's default:
/// after waiting for a lock, it must see what the lock's last owner wrote. The time limits keep a
/// client that has given up, or lost power, from holding others up for long. The commit is on the disk
/// when PostgreSQL reports it, even where the database or the role says `synchronous_commit = off`.
const BEGIN_POSTGRES: &str = "begin isolation level read committed;
    set local lock_timeout = '4s';
    set local idle_in_transaction_session_timeout = '30s';
    select set_config('synchronous_commit', 'on', true)
    where current_setting('synchronous_commit') = 'off'";

/// A transaction on either database. Dropped without a commit, it has done nothing.
///
/// sqlx's own `Transaction` always returns its connection to the pool. This one returns it only when
/// the transaction has ended cleanly.
pub(crate) struct OpenTransaction {
    /// `None` once the transaction has ended.
    connection: Option<PooledConnection>,
    /// Whether a statement may have failed unnoticed.
    is_doubtful: bool,
    /// SQLite's `synchronous` setting outside the transaction.
    sync: i64,
}

impl OpenTransaction {
    pub(crate) async fn begin(database: &Database) -> Result<Self, sqlx::Error> {
        let database = database.clone();
        // In a task, so that no caller drops it half-way.
        let begun = tokio::spawn(async move {
            let mut connection = PooledConnection::acquire(&database).await?;
            match begin(connection.connection()).await {
                Ok(sync) => Ok(Self {
                    connection: Some(connection),
                    is_doubtful: false,
                    sync,
                }),
                Err(cause) => {
                    // A transaction that sqlx does not count may be open on it.
                    let is_clean = match connection.connection() {
                        Connection::Sqlite(connection) => reset_sqlite(connection).await,
                        Connection::Postgres(_) => false,
                    };
                    if !is_clean {
                        connection.close_on_drop();
                    }
                    Err(cause)
                }
            }
        });
        begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        self.connection
            .as_mut()
            .expect("a transaction has its connection until it ends")
            .connection()
    }

    /// Records that a statement, and with it the transaction, may have failed.
    pub(crate) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Commits. PostgreSQL rolls a failed transaction back on commit, which sqlx takes for success. So
    /// a transaction in doubt runs another statement first, which fails if the transaction has.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let is_doubtful = self.is_doubtful;
        match self.connection() {
            Connection::Sqlite(connection) => SqliteTransactions::commit(connection).await,
            Connection::Postgres(connection) => {
                if is_doubtful {
                    sqlx::query("select 1").execute(&mut *connection).await?;
                }
                PostgresTransactions::commit(connection).await
            }
        }?;
        self.return_to_pool().await;
        Ok(())
    }

    /// Undoes everything, and returns the connection to the pool.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        match self.connection() {
            Connection::Sqlite(connection) => SqliteTransactions::rollback(connection).await,
            Connection::Postgres(connection) => PostgresTransactions::rollback(connection).await,
        }?;
        self.return_to_pool().await;
        Ok(())
    }

    /// Returns the connection to the pool, after the transaction has ended cleanly.
    async fn return_to_pool(&mut self) {
        if let Some(PooledConnection::Sqlite(mut connection)) = self.connection.take() {
            restore_sync(&mut connection, self.sync).await;
        }
    }
}

/// Begins a transaction. Returns SQLite's `synchronous` setting from before.
async fn begin(connection: Connection<'_>) -> Result<i64, sqlx::Error> {
    match connection {
        Connection::Sqlite(connection) => {
            let sync = sqlx::query_scalar("PRAGMA synchronous");
            let sync = sync.fetch_one(&mut *connection).await?;
            let begun = SqliteTransactions::begin(connection, Some(BEGIN_SQLITE.into())).await;
            if begun.is_err() {
                restore_sync(connection, sync).await;
            }
            begun.map(|()| sync)
        }
        Connection::Postgres(connection) => {
            PostgresTransactions::begin(connection, Some(BEGIN_POSTGRES.into())).await?;
            Ok(0)
        }
    }
}

/// Restores SQLite's `synchronous` setting. If that fails, the connection syncs every commit, which is
/// slower and no fault.
async fn restore_sync(connection: &mut SqliteConnection, sync: i64) {
    let restore = format!("PRAGMA synchronous = {sync}");
    if let Err(cause) = in_time(connection.execute(&*restore)).await {
        tracing::warn!(%cause, "a connection goes on to sync every commit");
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        match connection {
            // At once, for the next writer. SQLite reports whether it worked; and closing the
            // connection would delete an in-memory database.
            PooledConnection::Sqlite(mut connection) => {
                SqliteTransactions::start_rollback(&mut connection);
                let sync = self.sync;
                tokio::spawn(async move {
                    // After this, the rollback has been tried.
                    let is_there = in_time(connection.ping()).await.is_ok();
                    if is_there && end_sqlite(&mut connection).await {
                        restore_sync(&mut connection, sync).await;
                    } else {
                        connection.close_on_drop();
                    }
                });
            }
            // A statement may be under way, and nobody reads its result.
            PooledConnection::Postgres(_) => connection.close_on_drop(),
        }
    }
}
