//! Sign-outs that another process has committed: another server, or a command in a shell.
//! PostgreSQL calls (`LISTEN` and `NOTIFY`); on SQLite the table is looked at again and again.

use super::bus::{Bus, MEMORY};
use crate::server::{
    Database,
    database::in_time,
    pooler::is_pooled,
    registry::{CHANNEL, Registry, notified},
};
use sqlx::{
    Executor as _, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::{Instant, interval_at, sleep};
use uuid::Builder;

/// How often the table is looked at while somebody listens and nobody calls: what another
/// process has done shows within two seconds, for two small reads per second.
const INTERVAL: Duration = Duration::from_millis(500);

/// How often it is looked at although PostgreSQL calls, and whether the connection still
/// stands: a network can lose one without a word, and a pooler between may keep calls back.
const CHECK: Duration = Duration::from_secs(15);

/// How far before the last look the next one begins: an event's id is made before its
/// transaction commits, perhaps on a machine whose clock is behind.
const OVERLAP: Duration = Duration::from_secs(10);

/// Tells of other processes' sign-outs, for ever.
pub(super) async fn run(registry: Registry, listener: Option<PgConnectOptions>, bus: Arc<Bus>) {
    let mut others = Others {
        registry: registry.clone(),
        bus,
        last_look: SystemTime::now(),
    };
    match registry.database() {
        Database::Sqlite(_) => others.keep_looking().await,
        Database::Postgres(pool) => tokio::select! {
            () = pool.close_event() => {}
            () = async {
                match address_to_listen_at(pool, listener).await {
                    Some(address) => others.be_called(&address).await,
                    None => others.keep_looking().await,
                }
            } => {}
        },
    }
}

struct Others {
    registry: Registry,
    bus: Arc<Bus>,
    last_look: SystemTime,
}

/// Where PostgreSQL can be listened to; `None` if there is only a pooler. It would keep calls back,
/// and hand them to whichever client it gives the listening connection next, which does not expect
/// them.
async fn address_to_listen_at(
    pool: &PgPool,
    listener: Option<PgConnectOptions>,
) -> Option<PgConnectOptions> {
    if listener.is_some() {
        return listener;
    }
    let address = (*pool.connect_options()).clone();
    loop {
        match is_pooled(&address).await {
            Ok(false) => return Some(address),
            Ok(true) => {
                tracing::info!(
                    "the database is behind a connection pooler: other servers' sign-outs are looked up twice a second. With a direct connection (listener_url) PostgreSQL tells of them"
                );
                return None;
            }
            Err(_) => sleep(INTERVAL).await,
        }
    }
}

impl Others {
    /// Looks again and again.
    async fn keep_looking(&mut self) {
        loop {
            sleep(INTERVAL).await;
            self.look().await;
        }
    }

    /// Waits for PostgreSQL's calls, and looks while there is no connection for them.
    async fn be_called(&mut self, address: &PgConnectOptions) {
        let mut is_lost = false;
        loop {
            match in_time(listen(address)).await {
                Ok(mut listener) => {
                    if is_lost {
                        tracing::info!("other servers' sign-outs are heard of again");
                    }
                    // What was missed until now.
                    while !self.look().await {
                        sleep(INTERVAL).await;
                    }
                    let cause = self.follow(&mut listener).await;
                    is_lost = true;
                    tracing::warn!(%cause, "the connection that tells of other servers is lost");
                }
                Err(cause) if !is_lost => {
                    is_lost = true;
                    tracing::warn!(%cause, "other servers' sign-outs are looked up instead");
                }
                Err(_) => {}
            }
            self.look().await;
            sleep(INTERVAL).await;
        }
    }

    /// Tells what it is called for, until the connection is lost.
    async fn follow(&mut self, listener: &mut PgListener) -> sqlx::Error {
        let mut check = interval_at(Instant::now() + CHECK, CHECK);
        loop {
            tokio::select! {
                call = listener.try_recv() => match call {
                    Ok(Some(call)) => {
                        let ids = notified(call.payload()).map(str::to_owned);
                        if !self.tell(ids.collect()).await {
                            check.reset_after(INTERVAL);
                        }
                    }
                    Ok(None) => return io::Error::from(io::ErrorKind::ConnectionAborted).into(),
                    Err(cause) => return cause,
                },
                _ = check.tick() => {
                    if let Err(cause) = in_time(listener.execute("select 1")).await {
                        return cause;
                    }
                    // Also what could not be read when it was called for.
                    if !self.look().await {
                        check.reset_after(INTERVAL);
                    }
                }
            }
        }
    }

    /// Tells what has happened since the last look. Answers whether it could be read.
    async fn look(&mut self) -> bool {
        let now = SystemTime::now();
        if self.bus.is_idle() {
            // Whoever begins to listen looks their session up.
            self.last_look = now;
            return true;
        }
        // After an outage of the database, all that was missed.
        let since = (self.last_look - OVERLAP).max(now - MEMORY);
        let is_told = match self.registry.event_ids_since(&first_id_since(since)).await {
            Ok(ids) => self.tell(ids).await,
            Err(cause) => not_looked_up(&cause),
        };
        if is_told {
            self.last_look = now;
        }
        is_told
    }

    /// Tells of those events that are news here. Answers whether they could be read.
    async fn tell(&self, mut ids: Vec<String>) -> bool {
        if self.bus.is_idle() {
            return true;
        }
        self.bus.retain_news(&mut ids);
        match self.registry.events(&ids).await {
            Ok(events) => {
                events.into_iter().for_each(|event| self.bus.publish(event));
                true
            }
            Err(cause) => not_looked_up(&cause),
        }
    }
}

/// A connection of its own, so that none is missing from the pool for requests.
async fn listen(address: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(address.clone());
    let mut listener = PgListener::connect_with(&own).await?;
    // A new one is made here, where what was missed is looked up.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

fn not_looked_up(cause: &sqlx::Error) -> bool {
    tracing::warn!(%cause, "sign-outs of other processes could not be looked up");
    false
}

/// The smallest id that an event of that time can have: ids are UUIDs of version 7, which
/// begin with the time.
fn first_id_since(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(milliseconds, &[0; 10])
        .into_uuid()
        .to_string()
}
