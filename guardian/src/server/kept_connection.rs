//! A connection that a worker keeps for a moment.

use super::{
    Connection, Database,
    backend::Backend,
    connection::PooledConnection,
    work_queue::{Until, until},
};
use crate::with_pool;
use std::time::Duration;
use tokio::time::Instant;

/// The device and the number of a file on it.
pub(crate) type FileId = (u64, u64);

/// A connection of the pool, and the end of the time for which it may be kept.
pub(crate) struct KeptConnection {
    connection: PooledConnection,
    until: Until,
    database: Database,
    /// SQLite's file when the connection was taken. The pool notices if it is replaced, and a kept connection
    /// does not pass through the pool.
    file: Option<FileId>,
}

impl KeptConnection {
    /// Takes a connection from the pool.
    pub(crate) async fn acquire(database: &Database, keep: Duration) -> Result<Self, sqlx::Error> {
        let file = file(database);
        Ok(Self {
            connection: PooledConnection::acquire(database).await?,
            until: until(keep),
            database: database.clone(),
            file,
        })
    }

    /// Whether it may be used again without a return to the pool.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.until.deadline() > Instant::now() && file(&self.database) == self.file
    }

    /// The end of the time for which a worker may keep it while it is idle. Returns `None` if others may wait
    /// for a connection.
    pub(crate) fn idle(&mut self) -> Option<&mut Until> {
        self.database
            .has_free_connection()
            .then_some(&mut self.until)
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        self.connection.connection()
    }

    pub(crate) fn into_pooled(self) -> PooledConnection {
        self.connection
    }
}

fn file(database: &Database) -> Option<FileId> {
    with_pool!(database, pool => Backend::file(pool))
}
