//! An open transaction on either database.

use super::{
    Connection, Database,
    backend::{Backend, BackendConnection, Patience},
    durable_connection::DurableConnection,
};
use crate::{with_connection, with_pool};
use sqlx::TransactionManager as _;
use std::io;

type Transactions<DB> = <DB as sqlx::Database>::TransactionManager;

/// A transaction on either database. Dropped without a commit, it has done nothing.
///
/// sqlx's own `Transaction` always returns its connection to the pool. This one returns it only when
/// the transaction has ended cleanly.
pub(crate) struct OpenTransaction {
    /// `None` once the transaction has ended.
    connection: Option<DurableConnection>,
    /// Whether a statement may have failed unnoticed.
    is_doubtful: bool,
}

const HAS_CONNECTION: &str = "a transaction has its connection until it ends";

impl OpenTransaction {
    pub(crate) async fn begin(
        database: &Database,
        patience: Patience,
    ) -> Result<Self, sqlx::Error> {
        let database = database.clone();
        // In a task, so that no caller drops it half-way.
        let begun = tokio::spawn(async move {
            // Each connection of the pool may be lost, as after a restart of the database.
            let mut lost = with_pool!(&database, pool => pool.options().get_max_connections());
            loop {
                match Self::try_begin(&database, patience).await {
                    Err(cause) if lost > 0 && is_lost(&cause) => lost -= 1,
                    begun => return begun,
                }
            }
        });
        begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    async fn try_begin(database: &Database, patience: Patience) -> Result<Self, sqlx::Error> {
        Self::begin_on(DurableConnection::acquire(database).await?, patience).await
    }

    /// Begins on a connection. Dropped half-way, it undoes what has begun.
    pub(crate) async fn begin_on(
        connection: DurableConnection,
        patience: Patience,
    ) -> Result<Self, sqlx::Error> {
        let mut open = Self {
            connection: Some(connection),
            is_doubtful: false,
        };
        let begun =
            with_connection!(open.connection(), connection => begin(connection, patience).await);
        if let Err(cause) = begun {
            // In a task, so that no caller drops it half-way.
            let _ = tokio::spawn(open.end().reset_or_close()).await;
            return Err(cause);
        }
        Ok(open)
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        self.connection.as_mut().expect(HAS_CONNECTION).connection()
    }

    /// Records that a statement, and with it the transaction, may have failed.
    pub(crate) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Commits, and returns the connection. PostgreSQL rolls a failed transaction back on commit, which
    /// sqlx takes for success. So a transaction in doubt runs another statement first, which fails if the
    /// transaction has.
    pub(crate) async fn commit(mut self) -> Result<DurableConnection, sqlx::Error> {
        let is_doubtful = self.is_doubtful;
        with_connection!(self.connection(), connection => commit(connection, is_doubtful).await)?;
        Ok(self.end())
    }

    /// Undoes everything, and returns the connection to the pool.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        with_connection!(self.connection(), connection => rollback(connection).await)?;
        self.end().release().await;
        Ok(())
    }

    /// Returns the connection, after the transaction has ended cleanly.
    fn end(&mut self) -> DurableConnection {
        self.connection.take().expect(HAS_CONNECTION)
    }
}

/// Whether a connection has ended, so that another one may work: the network or an operator has ended it, or
/// PostgreSQL is being restarted (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(crate) fn is_lost(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    let is_ended = matches!(code.as_deref(), Some("57P01" | "57P02"));
    // Not one that is slow: the next one would be, too.
    is_ended || matches!(cause, sqlx::Error::Io(cause) if cause.kind() != io::ErrorKind::TimedOut)
}

async fn begin<C>(connection: &mut C, patience: Patience) -> Result<(), sqlx::Error>
where
    C: BackendConnection,
    C::Database: Backend,
{
    let statement = <C::Database as Backend>::begin(patience).into();
    Transactions::<C::Database>::begin(connection, Some(statement)).await
}

async fn commit<C: BackendConnection>(
    connection: &mut C,
    is_doubtful: bool,
) -> Result<(), sqlx::Error> {
    if is_doubtful {
        connection.check_transaction().await?;
    }
    Transactions::<C::Database>::commit(connection).await
}

async fn rollback<C: BackendConnection>(connection: &mut C) -> Result<(), sqlx::Error> {
    Transactions::<C::Database>::rollback(connection).await
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.abandon();
        }
    }
}
