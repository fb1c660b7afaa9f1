//! A connection for transactions that no power cut undoes once they are committed.

use super::{
    Connection, Database,
    backend::BackendConnection as _,
    kept_connection::KeptConnection,
    work_queue::{KEEP, Until},
};
use crate::with_connection;

/// A connection of the pool that syncs its commits to the disk. [`release`](Self::release) returns it to
/// the pool.
pub(crate) struct DurableConnection {
    connection: KeptConnection,
    /// SQLite's `synchronous` setting from before.
    sync: i64,
}

impl DurableConnection {
    /// Takes a connection from the pool.
    pub(crate) async fn acquire(database: &Database) -> Result<Self, sqlx::Error> {
        let connection = KeptConnection::acquire(database, KEEP).await?;
        let mut durable = Self {
            connection,
            sync: 0,
        };
        let sync = with_connection!(durable.connection(), connection => {
            connection.sync_commits().await
        });
        match sync {
            Ok(sync) => Ok(Self { sync, ..durable }),
            Err(cause) => {
                durable.reset_or_close().await;
                Err(cause)
            }
        }
    }

    /// Whether another transaction may begin on it without a return to the pool.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.connection.may_be_kept()
    }

    /// See [`KeptConnection::idle`].
    pub(crate) fn idle(&mut self) -> Option<&mut Until> {
        self.connection.idle()
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        self.connection.connection()
    }

    /// Ends a transaction that sqlx may not count, or else keeps the connection out of the pool.
    pub(crate) async fn reset_or_close(mut self) {
        let is_clean = with_connection!(self.connection(), connection => connection.reset().await);
        if is_clean {
            self.release().await;
        } else {
            self.connection.into_pooled().close_on_drop();
        }
    }

    /// Returns the connection to the pool, as it was.
    pub(crate) async fn release(mut self) {
        let sync = self.sync;
        with_connection!(self.connection(), connection => connection.restore_sync(sync).await);
    }

    /// Undoes a dropped transaction.
    pub(crate) fn abandon(self) {
        self.connection.into_pooled().abandon(self.sync);
    }
}
