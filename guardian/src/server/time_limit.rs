//! The time limit for the database's work.

use std::{future::Future, io, time::Duration};
use tokio::time::timeout;

/// How long the library waits for one step of the database's work. It is longer than the pool takes to
/// report that no connection is free, and short enough for a user who waits for the response.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Gives up on the database's work if it takes too long, as on a network that loses packets. Then nobody
/// knows whether the work was done, and the database may still be doing it.
pub(crate) async fn in_time<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(TIME_LIMIT, work).await.unwrap_or_else(|_| {
        let message = format!("no response within {} s", TIME_LIMIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message).into())
    })
}
