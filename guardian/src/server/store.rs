//! The store that tower-sessions is given: tower-sessions-sqlx-store, under two rules of
//! ours. Data is kept under a hash of its id, for a visitor's is the token; and what was deleted is
//! never re-created by a request that had loaded it earlier.

use super::{
    Connection, Database, database, migrate::lock_schema, open_transaction::OpenTransaction,
    registry::Registry, token::TokenHash,
};
use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use time::OffsetDateTime;
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
    was_read: AtomicBool,
    successor: Mutex<Option<Successor>>,
}

/// What takes the place of data that is gone. Every browser whose session has ended asks for some;
/// if it got no data, tower-sessions would warn of "possibly suspicious activity" each time. So it
/// gets empty data, which is created when there is something to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Successor {
    pub(crate) id: Id,
    pub(crate) is_kept: bool,
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
            was_read: AtomicBool::new(false),
            successor: Mutex::default(),
        })
    }

    /// A store for one request.
    pub(crate) fn for_request(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            registry: self.registry.clone(),
            held: Mutex::default(),
            was_read: AtomicBool::new(false),
            successor: Mutex::default(),
        }
    }

    /// The id under which this request keeps what it has to remember, when what it came for is
    /// gone, and whether it has kept anything.
    pub(crate) fn successor(&self) -> Option<Successor> {
        *lock(&self.successor)
    }

    /// Whether a visitor's data was read in this request.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Relaxed)
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
        lock(&self.held)
    }

    /// Data for a request whose own is gone.
    fn succeed(&self) -> Record {
        let id = Id::default();
        *lock(&self.successor) = Some(Successor { id, is_kept: false });
        Record {
            id,
            data: HashMap::new(),
            // It is set when the data is saved.
            expiry_date: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// Creates the data that takes the place of what is gone, once there is any.
    async fn keep_successor(&self, record: &Record) -> session_store::Result<()> {
        if record.data.is_empty() {
            return Ok(());
        }
        self.create(&mut record.clone()).await?;
        *lock(&self.successor) = Some(Successor {
            id: record.id,
            is_kept: true,
        });
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of the locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(Successor { id, is_kept: false }) = self.successor()
            && id == record.id
        {
            return self.keep_successor(record).await;
        }
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
        self.was_read.store(true, Relaxed);
        let kept = self.successor().filter(|successor| successor.is_kept);
        let id = kept.map_or(*id, |successor| successor.id);
        let found = in_time(self.inner.load(&TokenHash::of(&id).as_store_id())).await?;
        Ok(Some(match found {
            Some(record) => Record { id, ..record },
            None => self.succeed(),
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        // What a sign-in replaces goes in its transaction, or stays with its account.
        if self.held().is_some() {
            return Ok(());
        }
        in_time(async {
            let _permit = self.registry.acquire_write().await;
            self.inner.delete(&TokenHash::of(id).as_store_id()).await
        })
        .await
    }
}
