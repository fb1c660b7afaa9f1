//! Sign-outs that another process has committed: another server, or a command in a shell. PostgreSQL
//! notifies this server of them (`LISTEN` and `NOTIFY`). On SQLite the table is polled.

use super::bus::{Bus, MEMORY};
use crate::{
    server::{backend::Backend, clock::Clock, registry::Registry},
    with_pool,
};
use sqlx::Pool;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// How far before the last poll the next one begins: an event's id is made before its transaction
/// commits, perhaps on a machine whose clock is behind.
const OVERLAP: Duration = Duration::from_secs(10);

/// Where a server listens for other servers' sign-outs, if not where its pool leads.
#[derive(Default)]
pub(crate) struct Listener {
    /// PostgreSQL itself, for a pool that leads to a connection pooler.
    #[cfg(feature = "postgres")]
    pub(crate) options: Option<sqlx::postgres::PgConnectOptions>,
}

/// How a database makes other processes' sign-outs known.
pub(crate) trait FollowEvents: Backend {
    /// Publishes the sign-outs that other processes commit.
    async fn follow(pool: &Pool<Self>, events: RemoteEvents, listener: Listener);
}

/// Passes other processes' sign-outs on, for ever.
pub(super) async fn run(registry: Registry, clock: Clock, listener: Listener, bus: Arc<Bus>) {
    let events = RemoteEvents {
        registry: registry.clone(),
        last_poll: clock.since_epoch(),
        clock,
        bus,
    };
    with_pool!(registry.database(), pool => FollowEvents::follow(pool, events, listener).await);
}

/// Finds sign-outs that are new on this server, and publishes them.
pub(crate) struct RemoteEvents {
    registry: Registry,
    clock: Clock,
    bus: Arc<Bus>,
    /// Since the Unix epoch.
    last_poll: Duration,
}

impl RemoteEvents {
    /// How often the table is polled while somebody listens and PostgreSQL does not notify: other
    /// processes' sign-outs show within two seconds, for two small reads per second.
    pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(500);

    pub(crate) async fn keep_polling(&mut self) {
        loop {
            sleep(Self::POLL_INTERVAL).await;
            self.poll().await;
        }
    }

    /// Publishes what has happened since the last poll. Returns whether it could be read.
    pub(crate) async fn poll(&mut self) -> bool {
        let now = self.clock.since_epoch();
        if self.bus.is_idle() {
            // A new listener reads its own session.
            self.last_poll = now;
            return true;
        }
        // After an outage of the database: everything that was missed.
        let overlapping = self.last_poll.saturating_sub(OVERLAP);
        let since = overlapping.max(now.saturating_sub(MEMORY));
        let first_id = Clock::first_event_id(since);
        let is_published = match self.registry.event_ids_since(&first_id).await {
            Ok(ids) => self.publish(ids).await,
            Err(cause) => log_failure(&cause),
        };
        if is_published {
            self.last_poll = now;
        }
        is_published
    }

    /// Publishes that another server has changed a user's profile. On SQLite its pages show it when they next
    /// ask the server.
    #[cfg(feature = "postgres")]
    pub(crate) fn publish_profile(&self, server: &str, user_id: &str) {
        if *server != *self.registry.server {
            self.bus.publish_profile(user_id);
        }
    }

    /// Publishes those of the events that are new here. Returns whether they could be read.
    pub(crate) async fn publish(&self, mut ids: Vec<String>) -> bool {
        if self.bus.is_idle() {
            return true;
        }
        self.bus.retain_unseen(&mut ids);
        match self.registry.events(&ids).await {
            Ok(events) => {
                events.into_iter().for_each(|event| self.bus.publish(event));
                true
            }
            Err(cause) => log_failure(&cause),
        }
    }
}

/// Returns `false`, for "not read".
fn log_failure(cause: &sqlx::Error) -> bool {
    tracing::warn!(%cause, "other processes' sign-outs could not be read");
    false
}
