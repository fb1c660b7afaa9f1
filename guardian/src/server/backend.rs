//! What SQLite and PostgreSQL do differently. The modules `sqlite` and `postgres` implement these
//! traits. All other code serves both, through [`with_pool!`](crate::with_pool) and
//! [`with_connection!`](crate::with_connection).

use super::{kept_connection::FileId, registry::Locks};
use sqlx::{Pool, QueryBuilder, pool::PoolConnection};
use std::sync::Arc;
use tower_sessions::SessionStore;

/// A database.
pub(crate) trait Backend: sqlx::Database {
    /// The most workers of a [`WorkQueue`](super::work_queue::WorkQueue), each with its own connection.
    const WORKERS: usize;

    /// Whether it lets one transaction write at a time.
    const HAS_ONE_WRITER: bool;

    /// Returns what begins a transaction that writes. On PostgreSQL, no power cut undoes it once it is
    /// committed. On SQLite, this needs [`sync_commits`](BackendConnection::sync_commits).
    fn begin(patience: Patience) -> &'static str;

    /// Returns the store of visitors' data. Creates its table when it is missing.
    async fn data_store(
        pool: &Pool<Self>,
        table: &str,
    ) -> Result<Arc<dyn SessionStore>, sqlx::Error>;

    /// Returns which file SQLite's path leads to now.
    fn file(_pool: &Pool<Self>) -> Option<FileId> {
        None
    }

    /// Undoes a dropped transaction. Its connection returns to the pool only if that is known to have
    /// worked. `sync` comes from [`sync_commits`](BackendConnection::sync_commits).
    fn abandon(connection: PoolConnection<Self>, sync: i64);
}

/// How long a transaction on PostgreSQL waits for a lock that another one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as a person waits for the response.
    Usual,
    /// A moment: others wait for the transaction.
    Short,
}

/// A connection to a database. The methods that do nothing here are for one database only. SQLite has
/// one writer at a time, so it needs no locks.
pub(crate) trait BackendConnection: sqlx::Connection {
    /// Returns what surrounds the statement that writes events, so that it also notifies other servers.
    fn around_events(&self) -> [&'static str; 2] {
        ["", ""]
    }

    /// Makes SQLite sync each commit to the disk. Returns its `synchronous` setting from before.
    async fn sync_commits(&mut self) -> Result<i64, sqlx::Error> {
        Ok(0)
    }

    /// Restores SQLite's `synchronous` setting.
    async fn restore_sync(&mut self, _sync: i64) {}

    /// Ends a transaction, even one that sqlx does not count. Returns whether none is open now, as far
    /// as the database can tell.
    async fn reset(&mut self) -> bool;

    /// Ends a transaction that the app has begun by a statement, so that sqlx does not count it: on SQLite,
    /// reads would go on to see what was there at its first read. Returns whether none is open now.
    async fn end_uncounted_transaction(&mut self) -> bool {
        true
    }

    /// Ends a transaction that sqlx counts, if any. Returns whether none is open now.
    async fn end_open_transaction(&mut self) -> bool {
        !self.is_in_transaction() || self.reset().await
    }

    /// Adds the table and the condition of a query for the sessions of some tokens.
    fn push_sessions_of(
        &self,
        query: &mut QueryBuilder<'static, Self::Database>,
        tokens: Vec<String>,
    );

    /// Fails if an earlier statement of the transaction has failed and a commit would not.
    async fn check_transaction(&mut self) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Waits until no other server changes the schema, and keeps others waiting until the transaction
    /// ends.
    async fn lock_schema(&mut self) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Waits for the transactions that have any of these locks, and keeps them until the transaction
    /// ends.
    async fn lock(&mut self, _locks: &Locks) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Takes the locks that no other transaction has. Returns the others.
    async fn try_lock(&mut self, _locks: &Locks) -> Result<Locks, sqlx::Error> {
        Ok(Locks::default())
    }

    /// Runs a query for users that are to be locked.
    async fn users_to_lock(
        &mut self,
        _query: QueryBuilder<'static, Self::Database>,
    ) -> Result<Vec<String>, sqlx::Error> {
        Ok(Vec::new())
    }

    /// Notifies other servers that a user's profile has changed. `server`: this one, which needs no notice.
    async fn notify_user(&mut self, _server: &str, _user_id: &str) -> Result<(), sqlx::Error> {
        Ok(())
    }
}
