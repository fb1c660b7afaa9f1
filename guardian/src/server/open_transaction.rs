//! An open transaction on either database.

use super::{
    Connection, Database,
    connection::{PooledConnection, end_sqlite, reset_sqlite},
    database::in_time,
};
use sqlx::{
    Connection as _, Executor as _, Postgres, Sqlite, SqliteConnection, TransactionManager as _,
};

type SqliteTransactions = <Sqlite as sqlx::Database>::TransactionManager;
type PostgresTransactions = <Postgres as sqlx::Database>::TransactionManager;

/// The write lock at once: a transaction that only asks for it after a read fails when another
/// has written in between, however long it would wait.
///
/// And its commit is synced to the disk, whatever the connection's own setting: an ended session must
/// not come back after a power cut. `EXTRA` is `FULL` in WAL mode, and durable in the other
/// journal modes, too (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
const BEGIN_SQLITE: &str = "PRAGMA synchronous = extra; begin immediate";

/// Each statement sees what was committed before it, whatever the database's own default: locks
/// are waited for, and what they kept back must be seen. Neither a client that has given up
/// nor one that has lost its power may keep others waiting for long. And a commit is on the disk
/// when it is answered, even where the database or the role says `synchronous_commit = off`.
const BEGIN_POSTGRES: &str = "begin isolation level read committed;
    set local lock_timeout = '4s';
    set local idle_in_transaction_session_timeout = '30s';
    select set_config('synchronous_commit', 'on', true)
    where current_setting('synchronous_commit') = 'off'";

/// A transaction on either database. Dropped without a commit, it has done nothing.
///
/// sqlx's own `Transaction` gives its connection back to the pool however the transaction ended.
/// This one gives it back only when the transaction has ended cleanly.
pub(crate) struct OpenTransaction {
    /// `None` once the transaction has ended.
    connection: Option<PooledConnection>,
    /// Whether a statement may have failed without our knowledge.
    is_doubtful: bool,
    /// How SQLite syncs on this connection otherwise.
    sync: i64,
}

impl OpenTransaction {
    pub(crate) async fn begin(database: &Database) -> Result<Self, sqlx::Error> {
        let database = database.clone();
        // In a task, which nobody gives up half-way.
        let begun = tokio::spawn(async move {
            let mut connection = PooledConnection::acquire(&database).await?;
            match begin(connection.connection()).await {
                Ok(sync) => Ok(Self {
                    connection: Some(connection),
                    is_doubtful: false,
                    sync,
                }),
                Err(cause) => {
                    // Perhaps because a transaction is open on it that sqlx does not count.
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

    /// Notes that a statement may have failed, and the transaction with it.
    pub(crate) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Commits. PostgreSQL answers the commit of a failed transaction with a rollback, which sqlx
    /// takes for success: a transaction in doubt is asked first.
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
        self.give_back().await;
        Ok(())
    }

    /// Undoes everything, and gives the connection back.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        match self.connection() {
            Connection::Sqlite(connection) => SqliteTransactions::rollback(connection).await,
            Connection::Postgres(connection) => PostgresTransactions::rollback(connection).await,
        }?;
        self.give_back().await;
        Ok(())
    }

    /// Gives the connection back to the pool. The transaction has ended cleanly.
    async fn give_back(&mut self) {
        if let Some(PooledConnection::Sqlite(mut connection)) = self.connection.take() {
            restore_sync(&mut connection, self.sync).await;
        }
    }
}

/// Begins a transaction. Returns how SQLite syncs on this connection otherwise.
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

/// Lets SQLite sync again as it did before. If it cannot, it syncs more than it was asked to.
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
            // At once, for the next writer. SQLite says whether it was done, and an in-memory
            // database would go with its connection.
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
            // A statement may be under way whose answer nobody reads.
            PooledConnection::Postgres(_) => connection.close_on_drop(),
        }
    }
}
