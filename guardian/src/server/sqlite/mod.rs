//! What is for SQLite alone.

mod connect;
mod transaction;

pub(super) use connect::connect;

use super::{
    Connection,
    backend::{Backend, BackendConnection},
    connection::PooledConnection,
    live::{Listener, RemoteEvents},
};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};
use std::sync::Arc;
use tower_sessions::SessionStore;
use tower_sessions_sqlx_store::SqliteStore;

impl Backend for Sqlite {
    /// More are slower: each is a thread, and they wake each other.
    const READERS: usize = 2;

    const HAS_ONE_WRITER: bool = true;

    fn pooled(connection: PoolConnection<Self>) -> PooledConnection {
        PooledConnection::Sqlite(connection)
    }

    async fn data_store(
        pool: &SqlitePool,
        table: &str,
    ) -> Result<Arc<dyn SessionStore>, sqlx::Error> {
        let store = SqliteStore::new(pool.clone())
            .with_table_name(table)
            .map_err(|cause| sqlx::Error::Configuration(cause.into()))?;
        store.migrate().await?;
        Ok(Arc::new(store))
    }

    async fn follow(_: &SqlitePool, mut events: RemoteEvents, _: Listener) {
        events.keep_polling().await;
    }

    fn abandon(connection: PoolConnection<Self>, sync: i64) {
        transaction::abandon(connection, sync);
    }
}

impl BackendConnection for SqliteConnection {
    fn as_connection(&mut self) -> Connection<'_> {
        Connection::Sqlite(self)
    }

    async fn begin_durable(&mut self) -> Result<i64, sqlx::Error> {
        transaction::begin_durable(self).await
    }

    async fn restore_sync(&mut self, sync: i64) {
        transaction::restore_sync(self, sync).await;
    }

    async fn reset(&mut self) -> bool {
        transaction::reset(self).await
    }
}
