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

    /// Returns how many tasks wait for permission to write, without the one that has it.
    pub(super) fn waiting(&self) -> usize {
        // The writer holds one clone, and the task that writes another.
        Arc::strong_count(&self.0).saturating_sub(2)
    }
}
