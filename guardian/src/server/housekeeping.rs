//! Housekeeping: deletes expired rows in small batches.

use super::{
    clock::Clock,
    key_check::KeyCheck,
    registry::{HOUSEKEEPING_BATCH, Registry},
};
use std::{future::Future, time::Duration};
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::sleep};

/// The pause between two runs. Each server does them. If another one has just run, nothing is left to
/// delete.
const INTERVAL: Duration = Duration::from_secs(3600);

/// The shortest pause before the first run, and how much longer it may be at random: not during the
/// start, and not on all servers at once.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const FIRST_PAUSE_SPREAD: Duration = Duration::from_secs(300);

/// How long expired rows are kept, in seconds: a day, so that a clock that is some hours wrong destroys
/// nothing.
const GRACE: i64 = 24 * 60 * 60;

/// The pause after each batch, for other requests to reach the database.
const PAUSE: Duration = Duration::from_millis(20);

/// What [`Guardian::clean_up`](super::Guardian::clean_up) has deleted.
///
/// ```
/// use leptos_guardian::server::CleanedUp;
///
/// fn is_idle(deleted: CleanedUp) -> bool {
///     deleted == CleanedUp::default()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanedUp {
    /// Expired sessions.
    pub sessions: u64,
    /// Old events that `after_sign_out` has got, or that were given up.
    pub events: u64,
    /// Expired data of visitors.
    pub visitors: u64,
}

/// Deletes expired rows.
#[derive(Clone, Debug)]
pub(crate) struct Housekeeping {
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    /// How long events are kept.
    pub(crate) event_age: Duration,
    /// Whether a hook waits for events.
    pub(crate) has_hook: bool,
    /// Missing in a process that serves no requests.
    pub(crate) key_check: Option<KeyCheck>,
}

/// Does the work every hour, until it is dropped.
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
        sleep(FIRST_PAUSE + FIRST_PAUSE_SPREAD.mul_f64(rand::random())).await;
        loop {
            if let Some(key_check) = &self.key_check {
                key_check.run().await;
            }
            match self.clean_up().await {
                Ok(deleted) => tracing::debug!(?deleted, "expired rows are deleted"),
                Err(cause) => {
                    tracing::warn!(%cause, "the housekeeping failed; the next run is in an hour")
                }
            }
            sleep(INTERVAL).await;
        }
    }

    pub(crate) async fn clean_up(&self) -> Result<CleanedUp, sqlx::Error> {
        let now = self.clock.now();
        let expired = now - GRACE;
        let age = i64::try_from(self.event_age.as_secs()).unwrap_or(i64::MAX);
        let old = now.saturating_sub(age);
        // By the machine's clock: tower-sessions dates this data by it.
        let expired_data = OffsetDateTime::now_utc() - time::Duration::seconds(GRACE);
        let Self { registry, .. } = self;
        Ok(CleanedUp {
            sessions: self.delete_expired_sessions(expired).await?,
            events: in_batches(|| registry.delete_old_events(old, !self.has_hook)).await?,
            visitors: in_batches(|| registry.delete_expired_data(expired_data, HOUSEKEEPING_BATCH))
                .await?,
        })
    }

    /// Walks through all sessions.
    async fn delete_expired_sessions(&self, before: i64) -> Result<u64, sqlx::Error> {
        let (mut total, mut after) = (0, String::new());
        loop {
            let step = self.registry.delete_expired_sessions(before, &after);
            let step = step.await?;
            total += step.deleted;
            let Some(last) = step.last else {
                return Ok(total);
            };
            after = last;
            sleep(PAUSE).await;
        }
    }
}

/// Repeats a deletion until nothing is left to delete.
async fn in_batches<Run>(delete_batch: impl Fn() -> Run) -> Result<u64, sqlx::Error>
where
    Run: Future<Output = Result<u64, sqlx::Error>>,
{
    let mut total = 0;
    loop {
        let deleted = delete_batch().await?;
        total += deleted;
        if deleted < HOUSEKEEPING_BATCH as u64 {
            return Ok(total);
        }
        sleep(PAUSE).await;
    }
}
