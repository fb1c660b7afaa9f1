//! The settings of the library's own pools.

use sqlx::pool::PoolOptions;
use std::time::Duration;

/// How long a request waits for a free connection. Long enough for a burst of writes, short enough
/// that a person still waits for the 503 of a stuck database.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Connections per pool. SQLite reads in parallel and writes one at a time.
const CONNECTIONS: u32 = 8;

pub(super) fn pool_options<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
}
