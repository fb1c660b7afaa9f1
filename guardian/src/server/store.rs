//! The store behind `tower_sessions::Session`: tower-sessions-sqlx-store with three rules added. Data is
//! stored under a hash of its id, because a visitor's id is the token. A signed-in user's data is stored when
//! there is any. And a request that loaded data before it was deleted never creates it again.

use super::{
    backend::Backend,
    registry::{Registry, TABLE},
    time_limit,
    token::{self, TokenHash},
};
use crate::with_pool;
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

/// Stores what the app keeps in a visitor's `tower_sessions::Session`.
#[derive(Debug)]
pub(crate) struct VisitorStore {
    inner: Arc<dyn SessionStore>,
    registry: Registry,
    /// The id of the data of the session that the request belongs to.
    of_session: Mutex<Option<Id>>,
    /// `Some` while a [`Capture`] is open: the record that it has caught.
    captured: Mutex<Option<Option<Record>>>,
    was_read: AtomicBool,
    successor: Mutex<Option<Successor>>,
}

/// Empty data in the place of data that is gone. Every browser whose session has ended asks for its
/// data. If it got none, tower-sessions would warn of "possibly suspicious activity" each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Successor {
    pub(crate) id: Id,
    /// Whether it has been stored, because there was something to keep.
    pub(crate) is_stored: bool,
}

/// Catches the record that a sign-in writes, for the sign-in's own transaction. While it is open, the
/// store deletes nothing and creates nothing.
pub(crate) struct Capture<'a>(&'a VisitorStore);

impl Capture<'_> {
    /// Returns the record, if one was written.
    pub(crate) fn finish(self) -> Option<Record> {
        lock(&self.0.captured).take().flatten()
    }
}

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        *lock(&self.0.captured) = None;
    }
}

impl VisitorStore {
    /// Creates the table when it is missing.
    pub(crate) async fn new(registry: Registry) -> Result<Self, sqlx::Error> {
        let inner =
            with_pool!(registry.database(), pool => Backend::data_store(pool, TABLE).await?);
        registry.prepare_data_table().await?;
        Ok(Self::with(inner, registry, None))
    }

    /// Returns a store for one request. `of_session`: the id of the data of its session.
    pub(crate) fn for_request(&self, of_session: Option<Id>) -> Self {
        Self::with(Arc::clone(&self.inner), self.registry.clone(), of_session)
    }

    fn with(inner: Arc<dyn SessionStore>, registry: Registry, of_session: Option<Id>) -> Self {
        Self {
            inner,
            registry,
            of_session: Mutex::new(of_session),
            captured: Mutex::default(),
            was_read: AtomicBool::new(false),
            successor: Mutex::default(),
        }
    }

    /// Notes that the request belongs to another session now, whose data has this id.
    pub(crate) fn follow_sign_in(&self, data_id: Id) {
        *lock(&self.of_session) = Some(data_id);
    }

    /// Returns the data that replaces what this request came for, if that is gone.
    pub(crate) fn successor(&self) -> Option<Successor> {
        *lock(&self.successor)
    }

    /// Returns whether this request has read a visitor's data.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Relaxed)
    }

    /// Begins to catch the record that is written next.
    pub(crate) fn capture(&self) -> Capture<'_> {
        *lock(&self.captured) = Some(None);
        Capture(self)
    }

    /// Takes what is the visitor's and waits for one of these browsers, under a new id.
    pub(crate) async fn take_waiting(
        &self,
        browsers: &[TokenHash],
    ) -> Result<Option<Record>, sqlx::Error> {
        let id = Id::default();
        let taken = self.registry.take_waiting_data(browsers, &id).await?;
        if taken.is_some() {
            *lock(&self.successor) = Some(Successor {
                id,
                is_stored: true,
            });
        }
        Ok(taken)
    }

    /// Returns empty data for a request whose own is gone.
    fn succeed(&self) -> Record {
        let id = Id::default();
        *lock(&self.successor) = Some(Successor {
            id,
            is_stored: false,
        });
        no_data(id)
    }

    /// Stores a successor, if there is anything to keep.
    async fn store_successor(&self, record: &Record) -> session_store::Result<()> {
        if record.data.is_empty() {
            return Ok(());
        }
        self.create(&mut record.clone()).await?;
        *lock(&self.successor) = Some(Successor {
            id: record.id,
            is_stored: true,
        });
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of the locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_data(id: Id) -> Record {
    Record {
        id,
        data: HashMap::new(),
        // Set when the data is saved.
        expiry_date: OffsetDateTime::UNIX_EPOCH,
    }
}

fn with_hashed_id(record: &Record) -> Record {
    Record {
        id: TokenHash::of(&record.id).as_store_id(),
        ..record.clone()
    }
}

fn backend_error(cause: sqlx::Error) -> session_store::Error {
    session_store::Error::Backend(cause.to_string())
}

/// As [`time_limit::in_time`].
async fn in_time<T>(
    work: impl Future<Output = session_store::Result<T>>,
) -> session_store::Result<T> {
    time_limit::in_time(async { Ok(work.await) })
        .await
        .map_err(backend_error)?
}

#[async_trait::async_trait]
impl SessionStore for VisitorStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let hashed = with_hashed_id(record);
        if let Some(captured) = &mut *lock(&self.captured) {
            *captured = Some(hashed);
            return Ok(());
        }
        // An id that is taken is an error: another id would not be the hash of the token.
        self.registry
            .create_data(&hashed)
            .await
            .map_err(backend_error)
    }

    /// Updates, and inserts only the data of a session that is still there. The inner store's own `save` is an
    /// upsert: a request that loaded the data before a sign-out would bring it back after it.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        if let Some(successor) = self.successor()
            && successor.id == record.id
            && !successor.is_stored
        {
            return self.store_successor(record).await;
        }
        let hashed = with_hashed_id(record);
        let found = self.registry.update_data(&hashed).await;
        let mut is_saved = found.map_err(backend_error)?;
        if !is_saved && !record.data.is_empty() {
            let session = token::handle_of(&record.id);
            let created = self.registry.create_session_data(&session, &hashed).await;
            is_saved = created.map_err(backend_error)?;
        }
        if !is_saved {
            tracing::debug!("a late save of an ended browser session was dropped");
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.was_read.store(true, Relaxed);
        let stored = self.successor().filter(|successor| successor.is_stored);
        let id = stored.map_or(*id, |successor| successor.id);
        let found = in_time(self.inner.load(&TokenHash::of(&id).as_store_id())).await?;
        if let Some(record) = found {
            return Ok(Some(Record { id, ..record }));
        }
        if *lock(&self.of_session) == Some(id) {
            return Ok(Some(no_data(id)));
        }
        // What is the visitor's, after a sign-out from elsewhere.
        let waiting = self.take_waiting(&[TokenHash::of(&id)]).await;
        let waiting = waiting.map_err(backend_error)?;
        Ok(Some(waiting.unwrap_or_else(|| self.succeed())))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        // The sign-in's transaction deletes what it replaces, unless that stays with its account.
        if lock(&self.captured).is_some() {
            return Ok(());
        }
        in_time(async {
            let _permit = self.registry.acquire_write().await;
            self.inner.delete(&TokenHash::of(id).as_store_id()).await
        })
        .await
    }
}
