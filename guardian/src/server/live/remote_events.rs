//! Sign-outs that another process has committed: another server, or a command in a shell. PostgreSQL
//! notifies this server of them (`LISTEN` and `NOTIFY`). On SQLite the table is polled.

use super::bus::{Bus, MEMORY};
use crate::server::{
    Database,
    clock::Clock,
    pooler::is_pooled,
    registry::{CHANNEL, Registry, notified_ids},
    time_limit::in_time,
};
use sqlx::{
    Executor as _, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{io, sync::Arc, time::Duration};
use tokio::time::{Instant, interval_at, sleep};

/// How often the table is polled while somebody listens and PostgreSQL does not notify: other processes'
/// sign-outs show within two seconds, for two small reads per second.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How often it is polled although PostgreSQL notifies, and the connection checked: a network may lose
/// one without an error, and a pooler in between may hold notifications back.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// How far before the last poll the next one begins: an event's id is made before its transaction
/// commits, perhaps on a machine whose clock is behind.
const OVERLAP: Duration = Duration::from_secs(10);

/// Passes other processes' sign-outs on, for ever.
pub(super) async fn run(
    registry: Registry,
    clock: Clock,
    listener: Option<PgConnectOptions>,
    bus: Arc<Bus>,
) {
    let mut events = RemoteEvents {
        registry: registry.clone(),
        last_poll: clock.since_epoch(),
        clock,
        bus,
    };
    match registry.database() {
        Database::Sqlite(_) => events.keep_polling().await,
        Database::Postgres(pool) => tokio::select! {
            () = pool.close_event() => {}
            () = async {
                match listener_options(pool, listener).await {
                    Some(options) => events.listen(&options).await,
                    None => events.keep_polling().await,
                }
            } => {}
        },
    }
}

/// Returns where PostgreSQL accepts listeners; `None` if there is only a pooler. It would hold
/// notifications back, and pass them to the next client of the listening connection, which does not
/// expect them.
async fn listener_options(
    pool: &PgPool,
    listener: Option<PgConnectOptions>,
) -> Option<PgConnectOptions> {
    if listener.is_some() {
        return listener;
    }
    let options = (*pool.connect_options()).clone();
    loop {
        match is_pooled(&options).await {
            Ok(false) => return Some(options),
            Ok(true) => {
                tracing::info!(
                    "the database is behind a connection pooler: other servers' sign-outs are polled twice a second. With a direct connection (listener_url) PostgreSQL notifies of them"
                );
                return None;
            }
            Err(_) => sleep(POLL_INTERVAL).await,
        }
    }
}

struct RemoteEvents {
    registry: Registry,
    clock: Clock,
    bus: Arc<Bus>,
    /// Since the Unix epoch.
    last_poll: Duration,
}

impl RemoteEvents {
    async fn keep_polling(&mut self) {
        loop {
            sleep(POLL_INTERVAL).await;
            self.poll().await;
        }
    }

    /// Waits for PostgreSQL's notifications, and polls while there is no connection for them.
    async fn listen(&mut self, options: &PgConnectOptions) {
        let mut is_lost = false;
        loop {
            match in_time(connect_listener(options)).await {
                Ok(mut listener) => {
                    if is_lost {
                        tracing::info!("PostgreSQL notifies of other servers' sign-outs again");
                    }
                    // What was missed until now.
                    while !self.poll().await {
                        sleep(POLL_INTERVAL).await;
                    }
                    let cause = self.follow(&mut listener).await;
                    is_lost = true;
                    tracing::warn!(%cause, "the connection for other servers' sign-outs is lost");
                }
                Err(cause) if !is_lost => {
                    is_lost = true;
                    tracing::warn!(%cause, "other servers' sign-outs are polled instead");
                }
                Err(_) => {}
            }
            self.poll().await;
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Publishes what PostgreSQL notifies of, until the connection is lost.
    async fn follow(&mut self, listener: &mut PgListener) -> sqlx::Error {
        let mut check = interval_at(Instant::now() + CHECK_INTERVAL, CHECK_INTERVAL);
        loop {
            tokio::select! {
                notification = listener.try_recv() => match notification {
                    Ok(Some(notification)) => {
                        let ids = notified_ids(notification.payload()).map(str::to_owned);
                        if !self.publish(ids.collect()).await {
                            check.reset_after(POLL_INTERVAL);
                        }
                    }
                    Ok(None) => return io::Error::from(io::ErrorKind::ConnectionAborted).into(),
                    Err(cause) => return cause,
                },
                _ = check.tick() => {
                    if let Err(cause) = in_time(listener.execute("select 1")).await {
                        return cause;
                    }
                    // This also finds what could not be read at its notification.
                    if !self.poll().await {
                        check.reset_after(POLL_INTERVAL);
                    }
                }
            }
        }
    }

    /// Publishes what has happened since the last poll. Returns whether it could be read.
    async fn poll(&mut self) -> bool {
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

    /// Publishes those of the events that are new here. Returns whether they could be read.
    async fn publish(&self, mut ids: Vec<String>) -> bool {
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

/// Opens a connection outside the pool, which keeps all of its own for requests.
async fn connect_listener(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&own).await?;
    // This module reconnects, because it must then poll for what was missed.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Returns `false`, for "not read".
fn log_failure(cause: &sqlx::Error) -> bool {
    tracing::warn!(%cause, "other processes' sign-outs could not be read");
    false
}
