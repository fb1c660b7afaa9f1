//! What is for PostgreSQL alone.

mod advisory_locks;
mod connect;
mod notifications;
mod pooler;

pub(super) use connect::connect;

use super::{
    Database,
    backend::{Backend, BackendConnection, Patience},
    live::{FollowEvents, Listener, RemoteEvents},
    open_transaction::OpenTransaction,
    registry::Locks,
};
use crate::with_connection;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, pool::PoolConnection};
use std::{iter, sync::Arc};
use tower_sessions::SessionStore;
use tower_sessions_sqlx_store::PostgresStore;

/// Lets each statement see everything that was committed before it, whatever the database's
/// default: after waiting for a lock, it must see what the lock's last owner wrote. The time limits
/// keep a client that has given up, or lost power, from holding others up for long. The commit is on
/// the disk when PostgreSQL reports it, even where the database or the role says
/// `synchronous_commit = off`.
macro_rules! begin_with_lock_timeout {
    ($time:literal) => {
        concat!(
            "begin isolation level read committed;
            set local lock_timeout = '",
            $time,
            "';
            set local idle_in_transaction_session_timeout = '30s';
            select set_config('synchronous_commit', 'on', true)
            where current_setting('synchronous_commit') = 'off'"
        )
    };
}

impl Backend for Postgres {
    /// While one waits, the other one's work is sent. More would share less.
    const WORKERS: usize = 2;

    const HAS_ONE_WRITER: bool = false;

    fn begin(patience: Patience) -> &'static str {
        match patience {
            Patience::Usual => begin_with_lock_timeout!("4s"),
            // Below PostgreSQL's own `deadlock_timeout`, a second: two servers whose transactions wait for each
            // other give way before it looks for that.
            Patience::Short => begin_with_lock_timeout!("250ms"),
        }
    }

    async fn data_store(pool: &PgPool, table: &str) -> Result<Arc<dyn SessionStore>, sqlx::Error> {
        let mut alone =
            OpenTransaction::begin(&Database::Postgres(pool.clone()), Patience::Usual).await?;
        with_connection!(alone.connection(), connection => connection.lock_schema().await)?;
        // The schema that unqualified names refer to, as in the registry's statements.
        let schema: String = sqlx::query_scalar("select current_schema()")
            .fetch_one(pool)
            .await?;
        let store = PostgresStore::new(pool.clone())
            .with_schema_name(schema)
            .and_then(|store| store.with_table_name(table))
            .map_err(|cause| sqlx::Error::Configuration(cause.into()))?;
        store.migrate().await?;
        alone.commit().await?.release().await;
        Ok(Arc::new(store))
    }

    /// A statement may be under way, and nobody reads its result.
    fn abandon(mut connection: PoolConnection<Self>, _: i64) {
        connection.close_on_drop();
    }
}

impl FollowEvents for Postgres {
    async fn follow(pool: &PgPool, events: RemoteEvents, listener: Listener) {
        notifications::follow(pool, events, listener).await;
    }
}

impl BackendConnection for PgConnection {
    fn around_events(&self) -> [&'static str; 2] {
        notifications::AROUND_EVENTS
    }

    /// One look into the index for each token. For a list of them, PostgreSQL would read a table that was
    /// small when it made its plan row by row, and it keeps the plan while the table grows.
    fn push_sessions_of(&self, query: &mut QueryBuilder<'static, Postgres>, tokens: Vec<String>) {
        let places = tokens.len().next_power_of_two();
        query.push("(");
        let nobodys = iter::repeat_with(String::new);
        query.push_values(
            tokens.into_iter().chain(nobodys).take(places),
            |mut row, token| {
                row.push_bind(token);
            },
        );
        query.push(
            ") as wanted (token), lateral (
                select * from guardian_session where token_hash = wanted.token offset 0
            ) as session",
        );
    }

    /// Ends nothing: the connection is closed instead.
    async fn reset(&mut self) -> bool {
        false
    }

    async fn check_transaction(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("select 1").execute(self).await.map(drop)
    }

    async fn lock_schema(&mut self) -> Result<(), sqlx::Error> {
        advisory_locks::lock_schema(self).await
    }

    async fn lock(&mut self, locks: &Locks) -> Result<(), sqlx::Error> {
        advisory_locks::lock(self, locks).await
    }

    async fn try_lock(&mut self, locks: &Locks) -> Result<Locks, sqlx::Error> {
        advisory_locks::try_lock(self, locks).await
    }

    async fn users_to_lock(
        &mut self,
        mut query: QueryBuilder<'static, Postgres>,
    ) -> Result<Vec<String>, sqlx::Error> {
        query.build_query_scalar().fetch_all(self).await
    }

    async fn notify_user(&mut self, server: &str, user_id: &str) -> Result<(), sqlx::Error> {
        notifications::notify_user(self, server, user_id).await
    }
}
