//! The store that tower-sessions is given: tower-sessions-sqlx-store, under two rules of
//! ours. Data is kept under a hash of its id, for a visitor's is the token; and what was deleted is
//! never re-created by a request that had loaded it earlier.

use super::{
    Connection, Database, database, migrate::lock_schema, open_transaction::OpenTransaction,
    registry::Registry, token::TokenHash,
};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store,
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

/// The table of tower-sessions-sqlx-store, the same name on both databases.
pub(crate) const TABLE: &str = "tower_sessions";

/// What the table needs besides: house-keeping looks for what has expired.
const STEPS: [&str; 1] =
    ["create index if not exists tower_sessions_expiry on tower_sessions (expiry_date)"];

/// Keeps what the app stores in a visitor's `tower_sessions::Session`.
#[derive(Debug)]
pub(crate) struct BrowserStore {
    inner: Arc<dyn SessionStore>,
    registry: Registry,
    held: Mutex<Option<Held>>,
}

/// What a sign-in writes itself, in its transaction.
#[derive(Debug, Default)]
struct Held {
    created: Option<Record>,
}

impl BrowserStore {
    /// Creates the table when it is missing.
    pub(crate) async fn new(registry: Registry) -> Result<Self, sqlx::Error> {
        let inner: Arc<dyn SessionStore> = match registry.database() {
            Database::Sqlite(pool) => {
                let store = SqliteStore::new(pool.clone());
                store.migrate().await?;
                Arc::new(store)
            }
            Database::Postgres(pool) => {
                let mut alone = OpenTransaction::begin(registry.database()).await?;
                if let Connection::Postgres(connection) = alone.connection() {
                    lock_schema(connection).await?;
                }
                // Where plain names lead, as in the registry's own statements.
                let schema: String = sqlx::query_scalar("select current_schema()")
                    .fetch_one(pool)
                    .await?;
                let store = PostgresStore::new(pool.clone())
                    .with_schema_name(schema)
                    .and_then(|store| store.with_table_name(TABLE))
                    .map_err(|cause| sqlx::Error::Configuration(cause.into()))?;
                store.migrate().await?;
                alone.commit().await?;
                Arc::new(store)
            }
        };
        registry.database().migrate("visitors", &STEPS).await?;
        Ok(Self {
            inner,
            registry,
            held: Mutex::default(),
        })
    }

    /// A store for one request.
    pub(crate) fn for_request(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            registry: self.registry.clone(),
            held: Mutex::default(),
        }
    }

    /// From now on nothing is deleted, and new data is held back.
    pub(crate) fn hold(&self) {
        *self.held() = Some(Held::default());
    }

    /// Holds nothing back any more. Answers the new data, as it is to be stored.
    pub(crate) fn release(&self) -> Option<Record> {
        self.held().take()?.created
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        // Nothing panics while it holds the lock.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The form in which the table holds a record: tower-sessions-sqlx-store's.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>, sqlx::Error> {
    rmp_serde::to_vec(record).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

fn stored(record: &Record) -> Record {
    Record {
        id: TokenHash::of(&record.id).as_store_id(),
        ..record.clone()
    }
}

/// As [`database::in_time`].
async fn in_time<T>(
    work: impl Future<Output = session_store::Result<T>>,
) -> session_store::Result<T> {
    let failed = |cause: sqlx::Error| session_store::Error::Backend(cause.to_string());
    database::in_time(async { Ok(work.await) })
        .await
        .map_err(failed)?
}

#[async_trait::async_trait]
impl SessionStore for BrowserStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let hashed = stored(record);
        if let Some(held) = &mut *self.held() {
            held.created = Some(hashed);
            return Ok(());
        }
        // An id that is taken is an error: another one would be no hash of a token.
        self.registry
            .create_data(&hashed)
            .await
            .map_err(|cause| session_store::Error::Backend(cause.to_string()))
    }

    /// Updates and never inserts: the store's own `save` is an upsert, with which a request
    /// that loaded the session before a sign-out brings its data back after it.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let found = self
            .registry
            .update_data(&stored(record))
            .await
            .map_err(|cause| session_store::Error::Backend(cause.to_string()))?;
        if !found {
            tracing::debug!("a late save of an ended browser session was dropped");
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let found = in_time(self.inner.load(&TokenHash::of(id).as_store_id())).await?;
        Ok(found.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        // What a sign-in replaces goes in its transaction, or stays with its account.
        if self.held().is_some() {
            return Ok(());
        }
        in_time(async {
            let _turn = self.registry.turn().await;
            self.inner.delete(&TokenHash::of(id).as_store_id()).await
        })
        .await
    }
}
