//! PostgreSQL's notifications of sign-outs, from one server to the others (`NOTIFY` and `LISTEN`).

use super::pooler::is_pooled;
use crate::server::{
    live::{Listener, RemoteEvents},
    time_limit::in_time,
};
use sqlx::{
    Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{io, time::Duration};
use tokio::time::{Instant, interval_at, sleep};

macro_rules! channel {
    () => {
        "guardian_event"
    };
}

/// The channel of the notifications.
const CHANNEL: &str = channel!();

/// Surrounds the statement that writes events, so that it also notifies other servers when the transaction
/// commits.
pub(super) const AROUND_EVENTS: [&str; 2] = [
    "with written as (",
    concat!(
        " returning id) select pg_notify('",
        channel!(),
        "', string_agg(id, ',')) from written"
    ),
];

/// The channel for users whose profile has changed: the server that has changed it, and the user's id.
const USERS: &str = "guardian_user";

/// The longest id of a user in a notification, in bytes. With a longer one, the pages of other servers
/// follow when they are looked at.
const LONGEST_USER_ID: usize = 7000;

/// How often the table is polled although PostgreSQL notifies, and the connection checked: a network
/// may lose one without an error, and a pooler in between may hold notifications back.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

pub(super) async fn notify_user(
    connection: &mut PgConnection,
    server: &str,
    user_id: &str,
) -> Result<(), sqlx::Error> {
    if user_id.len() > LONGEST_USER_ID {
        return Ok(());
    }
    sqlx::query("select pg_notify($1, $2)")
        .bind(USERS)
        .bind(format!("{server} {user_id}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads the ids from a notification.
fn notified_ids(payload: &str) -> impl Iterator<Item = &str> {
    payload.split(',').filter(|id| !id.is_empty())
}

/// Publishes other processes' sign-outs, until the pool is closed.
pub(super) async fn follow(pool: &PgPool, mut events: RemoteEvents, listener: Listener) {
    tokio::select! {
        () = pool.close_event() => {}
        () = async {
            match listener_options(pool, listener).await {
                Some(options) => listen(&mut events, &options).await,
                None => events.keep_polling().await,
            }
        } => {}
    }
}

/// Returns where PostgreSQL accepts listeners; `None` if there is only a pooler. It would hold
/// notifications back, and pass them to the next client of the listening connection, which does not
/// expect them.
async fn listener_options(pool: &PgPool, listener: Listener) -> Option<PgConnectOptions> {
    if listener.options.is_some() {
        return listener.options;
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
            Err(_) => sleep(RemoteEvents::POLL_INTERVAL).await,
        }
    }
}

/// Waits for PostgreSQL's notifications, and polls while there is no connection for them.
async fn listen(events: &mut RemoteEvents, options: &PgConnectOptions) {
    let mut is_lost = false;
    loop {
        match in_time(connect_listener(options)).await {
            Ok(mut listener) => {
                if is_lost {
                    tracing::info!("PostgreSQL notifies of other servers' sign-outs again");
                }
                // What was missed until now.
                while !events.poll().await {
                    sleep(RemoteEvents::POLL_INTERVAL).await;
                }
                let cause = pass_on(events, &mut listener).await;
                is_lost = true;
                tracing::warn!(%cause, "the connection for other servers' sign-outs is lost");
            }
            Err(cause) if !is_lost => {
                is_lost = true;
                tracing::warn!(%cause, "other servers' sign-outs are polled instead");
            }
            Err(_) => {}
        }
        events.poll().await;
        sleep(RemoteEvents::POLL_INTERVAL).await;
    }
}

/// Publishes what PostgreSQL notifies of, until the connection is lost.
async fn pass_on(events: &mut RemoteEvents, listener: &mut PgListener) -> sqlx::Error {
    let mut check = interval_at(Instant::now() + CHECK_INTERVAL, CHECK_INTERVAL);
    loop {
        tokio::select! {
            notification = listener.try_recv() => match notification {
                Ok(Some(notification)) if notification.channel() == USERS => {
                    if let Some((server, user_id)) = notification.payload().split_once(' ') {
                        events.publish_profile(server, user_id);
                    }
                }
                Ok(Some(notification)) => {
                    let ids = notified_ids(notification.payload()).map(str::to_owned);
                    if !events.publish(ids.collect()).await {
                        check.reset_after(RemoteEvents::POLL_INTERVAL);
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
                if !events.poll().await {
                    check.reset_after(RemoteEvents::POLL_INTERVAL);
                }
            }
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
    listener.listen_all([CHANNEL, USERS]).await?;
    Ok(listener)
}
