//! House-keeping: what is over is removed, little by little.

use super::{
    Guardian,
    clock::Clock,
    registry::{HOUSEKEEPING_BATCH, Registry},
};
use std::{future::Future, time::Duration};
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::sleep};

/// How often it is done. Each server does it on its own, and they find nothing left to do.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How long after the start it begins at the earliest, and how much later at most: not in the
/// rush of a start, and not all servers at once.
const FIRST: Duration = Duration::from_secs(60);
const SPREAD: Duration = Duration::from_secs(5 * 60);

/// How long what has expired is kept, in seconds: a day, so that a clock that is wrong for
/// some hours destroys nothing.
const GRACE: i64 = 24 * 60 * 60;

/// The pause after each batch: it is other requests' turn at the database.
const PAUSE: Duration = Duration::from_millis(20);

/// What [`Guardian::clean_up`] has removed.
///
/// ```
/// use leptos_guardian::server::CleanedUp;
///
/// fn is_idle(removed: CleanedUp) -> bool {
///     removed == CleanedUp::default()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanedUp {
    /// Sessions that had expired.
    pub sessions: u64,
    /// Sign-outs that `after_sign_out` has heard of, or was not told of in the end.
    pub events: u64,
    /// Visitors whose data had expired.
    pub visitors: u64,
}

/// Removes what is over.
#[derive(Clone, Debug)]
pub(crate) struct Housekeeping {
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    /// How long events are kept.
    pub(crate) event_age: Duration,
    /// Whether a hook waits for events.
    pub(crate) has_hook: bool,
}

/// Does it every hour, until it is dropped.
#[derive(Debug)]
pub(crate) struct Housekeeper {
    pub(crate) work: Housekeeping,
    task: JoinHandle<()>,
}

impl Housekeeper {
    pub(crate) fn start(work: Housekeeping) -> Self {
        Self {
            task: tokio::spawn(work.clone().run()),
            work,
        }
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Housekeeping {
    async fn run(self) {
        sleep(FIRST + SPREAD.mul_f64(rand::random())).await;
        loop {
            match self.clean_up().await {
                Ok(removed) if removed == CleanedUp::default() => {}
                Ok(removed) => tracing::info!(?removed, "removed what was over"),
                Err(cause) => tracing::warn!(%cause, "the house-keeping failed; trying later"),
            }
            sleep(INTERVAL).await;
        }
    }

    async fn clean_up(&self) -> Result<CleanedUp, sqlx::Error> {
        let now = self.clock.now();
        let expired = now - GRACE;
        let age = i64::try_from(self.event_age.as_secs()).unwrap_or(i64::MAX);
        let old = now.saturating_sub(age);
        // tower-sessions takes the time from the machine.
        let expired_data = OffsetDateTime::now_utc() - time::Duration::seconds(GRACE);
        let Self { registry, .. } = self;
        Ok(CleanedUp {
            sessions: in_batches(|| registry.remove_expired(expired)).await?,
            events: in_batches(|| registry.remove_events(old, !self.has_hook)).await?,
            visitors: in_batches(|| registry.remove_data(expired_data)).await?,
        })
    }
}

async fn in_batches<Run>(remove: impl Fn() -> Run) -> Result<u64, sqlx::Error>
where
    Run: Future<Output = Result<u64, sqlx::Error>>,
{
    let mut total = 0;
    loop {
        let removed = remove().await?;
        total += removed;
        if removed < HOUSEKEEPING_BATCH as u64 {
            return Ok(total);
        }
        sleep(PAUSE).await;
    }
}

impl Guardian {
    /// Removes sessions and visitors' data that expired a day ago or longer, and the events that
    /// are older than [`keep_events`](super::Builder::keep_events), in small batches. A running
    /// server does so every hour by itself.
    ///
    /// # Errors
    ///
    /// When the database fails. What was removed until then stays removed.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let removed = guardian.clean_up().await?;
    /// println!("{} sessions and {} events removed", removed.sessions, removed.events);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn clean_up(&self) -> Result<CleanedUp, sqlx::Error> {
        self.0.housekeeper.work.clean_up().await
    }
}
