//! What is for SQLite alone.

mod connect;
mod replaced_file;
mod transaction;

pub(super) use connect::connect;
pub use replaced_file::reopen_replaced_file;

use super::{
    backend::{Backend, BackendConnection, Patience},
    kept_connection::FileId,
    live::{FollowEvents, Listener, RemoteEvents},
    registry::Statement as _,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};
use std::sync::Arc;
use tower_sessions::SessionStore;
use tower_sessions_sqlx_store::SqliteStore;

impl Backend for Sqlite {
    /// Each is a thread, so more would rather wake each other than work. And one writes at a time.
    const WORKERS: usize = 1;

    const HAS_ONE_WRITER: bool = true;

    /// Takes the write lock at once. A transaction that takes it only after a read fails when another
    /// one has written in between, however long it would wait.
    fn begin(_: Patience) -> &'static str {
        "begin immediate"
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

    fn file(pool: &SqlitePool) -> Option<FileId> {
        replaced_file::file_id(pool.connect_options().get_filename())
    }

    fn abandon(connection: PoolConnection<Self>, sync: i64) {
        transaction::abandon(connection, sync);
    }
}

impl FollowEvents for Sqlite {
    async fn follow(_: &SqlitePool, mut events: RemoteEvents, _: Listener) {
        events.keep_polling().await;
    }
}

impl BackendConnection for SqliteConnection {
    async fn sync_commits(&mut self) -> Result<i64, sqlx::Error> {
        transaction::sync_commits(self).await
    }

    async fn restore_sync(&mut self, sync: i64) {
        transaction::restore_sync(self, sync).await;
    }

    async fn end_uncounted_transaction(&mut self) -> bool {
        transaction::end_uncounted(self).await
    }

    async fn reset(&mut self) -> bool {
        transaction::reset(self).await
    }

    fn push_sessions_of(&self, query: &mut QueryBuilder<'static, Sqlite>, tokens: Vec<String>) {
        query.push("guardian_session where token_hash");
        query.is_one_of(&tokens);
    }
}
