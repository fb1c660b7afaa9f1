//! The time limit on the database's work.

use std::{future::Future, io, time::Duration};
use tokio::time::timeout;

/// How long the library waits for one piece of the database's work. Longer than it takes to report
/// that no connection is free, and short enough for a person who waits for the response.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Gives up on work of the database that takes too long, as on a network that swallows packets.
/// Whether the work was done is then unknown, and the database may still be at it.
pub(crate) async fn in_time<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(TIME_LIMIT, work).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", TIME_LIMIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message).into())
    })
}
