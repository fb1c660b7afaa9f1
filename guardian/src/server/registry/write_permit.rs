//! The queue for SQLite's single writer.

use crate::server::Database;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

/// How long a write waits for its permit. Then it goes ahead without one and waits for SQLite's own
/// lock, like another program. So a permit that is held for long is only a delay: one held while
/// no connection is free, or held by the very task that waits for a second one.
const PERMIT_LIMIT: Duration = Duration::from_secs(1);

/// The lock that a permit holds. Each waiting task holds a clone of the `Arc`.
#[derive(Debug, Default)]
pub(super) struct Writer(Arc<Mutex<()>>);

/// Permission to write to SQLite. Dropping it lets the next write go ahead. See
/// [`Guardian::acquire_write`](crate::server::Guardian::acquire_write).
///
/// ```
/// use leptos_guardian::server::{Guardian, WritePermit};
///
/// async fn wait_to_write(guardian: &Guardian) -> WritePermit {
///     guardian.acquire_write().await
/// }
/// ```
#[derive(Debug)]
pub struct WritePermit {
    _held: Option<OwnedMutexGuard<()>>,
}

impl Writer {
    /// Waits for permission to write. SQLite has one writer at a time and makes others retry after
    /// growing pauses, so the writes of one server wait faster in a queue. PostgreSQL has many
    /// writers and needs no queue.
    pub(super) async fn acquire(&self, database: &Database) -> WritePermit {
        if !database.has_one_writer() {
            return WritePermit { _held: None };
        }
        let permit = Arc::clone(&self.0).lock_owned();
        WritePermit {
            _held: timeout(PERMIT_LIMIT, permit).await.ok(),
        }
    }

    /// Returns permission to write if nobody has it, waits for it, or waits for a connection.
    pub(super) fn try_acquire(&self, database: &Database) -> Option<WritePermit> {
        if !database.has_free_connection() {
            return None;
        }
        if !database.has_one_writer() {
            return Some(WritePermit { _held: None });
        }
        let permit = Arc::clone(&self.0).try_lock_owned().ok()?;
        Some(WritePermit {
            _held: Some(permit),
        })
    }

    /// Returns how many tasks wait for permission to write, without the one that has it.
    pub(super) fn waiting(&self) -> usize {
        // The writer holds one clone, and the task that writes another.
        Arc::strong_count(&self.0).saturating_sub(2)
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;
    use crate::server::Database;
    use sqlx::{postgres::PgPoolOptions, sqlite::SqlitePoolOptions};

    fn sqlite(connections: u32) -> Database {
        let pool = SqlitePoolOptions::new().max_connections(connections);
        Database::Sqlite(pool.connect_lazy("sqlite::memory:").unwrap())
    }

    #[tokio::test]
    async fn a_writer_goes_on_only_if_nobody_waits() {
        let (writer, database) = (Writer::default(), sqlite(2));
        let permit = writer.try_acquire(&database).unwrap();
        assert!(writer.try_acquire(&database).is_none());
        drop(permit);
        let first = writer.acquire(&database).await;
        let mut second = Box::pin(writer.acquire(&database));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        // The permit is for the one that waits.
        assert!(writer.try_acquire(&database).is_none());
        drop(second.await);
        assert!(writer.try_acquire(&database).is_some());
    }

    #[tokio::test]
    async fn a_writer_gives_the_last_connection_back() {
        let (writer, database) = (Writer::default(), sqlite(1));
        let Database::Sqlite(pool) = &database else {
            unreachable!("made above")
        };
        let connection = pool.acquire().await.unwrap();
        assert!(writer.try_acquire(&database).is_none());
        drop(connection);
    }

    #[tokio::test]
    async fn writers_on_postgresql_need_no_permit() {
        let pool = PgPoolOptions::new().connect_lazy("postgres://localhost/nowhere");
        let (writer, database) = (Writer::default(), Database::Postgres(pool.unwrap()));
        let _first = writer.try_acquire(&database).unwrap();
        assert!(writer.try_acquire(&database).is_some());
    }
}
