//! Every session and every sign-out, and all SQL about them.
//!
//! One text serves SQLite and PostgreSQL. "Now" is always a parameter, in seconds since the
//! Unix epoch, so that the database's clock and the server's need not agree.

mod ending;
mod events;
mod housekeeping;
mod lookup;
mod order;
mod sessions;
mod tables;

pub(crate) use ending::{Condition, Ending, Own, end};
pub(crate) use events::{CHANNEL, ClaimedEvent, notified};
pub(crate) use housekeeping::BATCH as HOUSEKEEPING_BATCH;
pub(crate) use lookup::LiveSession;
pub(crate) use order::{begin_renewal, begin_sign_in};
pub(crate) use sessions::{ListedSession, NewSession, carry_over, insert, insert_data, switch};

use super::{Database, store, token::TokenHash};
use lookup::Lookup;
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

/// The tables of sessions and sign-outs.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    database: Database,
    lookup: Lookup,
    writer: Arc<Writer>,
}

/// SQLite's one writer, and the queue behind it: each of them holds a clone of the `Arc`.
#[derive(Debug, Default)]
struct Writer(Arc<Mutex<()>>);

/// Leave to write, until it is dropped: see [`Guardian::acquire_write`](super::Guardian::acquire_write).
///
/// ```
/// use leptos_guardian::server::{Guardian, WritePermit};
///
/// async fn wait_to_write(guardian: &Guardian) -> WritePermit {
///     guardian.acquire_write().await
/// }
/// ```
#[derive(Debug)]
pub struct WritePermit {
    _held: Option<OwnedMutexGuard<()>>,
}

/// How long a write waits for its permit. Then it goes without, and waits for SQLite's lock like
/// another program: a permit that is held for long, while there is no connection or by the very one
/// that waits, is no more than a delay.
const PERMIT_LIMIT: Duration = Duration::from_secs(1);

impl Registry {
    /// Creates the tables when they are missing, and moves older ones forward.
    pub(crate) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        database.migrate("sessions", &tables::STEPS).await?;
        Ok(Self {
            lookup: Lookup::new(database.clone()),
            database,
            writer: Arc::default(),
        })
    }

    /// Waits for leave to write. SQLite has one writer at a time, and lets others try again after
    /// pauses that grow: those of one server do better to queue. PostgreSQL has many.
    pub(crate) async fn acquire_write(&self) -> WritePermit {
        let held = match self.database {
            Database::Sqlite(_) => {
                let permit = Arc::clone(&self.writer.0).lock_owned();
                timeout(PERMIT_LIMIT, permit).await.ok()
            }
            Database::Postgres(_) => None,
        };
        WritePermit { _held: held }
    }

    /// How many wait for leave to write, behind the one that has it.
    pub(crate) fn waiting_to_write(&self) -> usize {
        // One clone is the registry's, one that of the writer.
        Arc::strong_count(&self.writer.0).saturating_sub(2)
    }

    /// The sessions behind a browser's token, expired ones too, the active account's first: the
    /// one read that a signed-in request costs.
    pub(crate) async fn find(
        &self,
        token: &TokenHash,
    ) -> Result<Vec<LiveSession>, Arc<sqlx::Error>> {
        self.lookup.find(token).await
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

/// Runs one piece of code that reads on a connection of the pool, within
/// [`in_time`](super::database::in_time). The code returns a `Result`.
macro_rules! reading {
    ($registry:expr, $connection:ident => $code:expr) => {
        $crate::server::database::in_time(async {
            let mut pooled = $crate::server::connection::PooledConnection::acquire(&$registry.database).await?;
            $crate::with_connection!(pooled.connection(), $connection => $code)
        })
        .await
    };
}
use reading;

/// The same for code that writes, with a permit.
macro_rules! writing {
    ($registry:expr, $connection:ident => $code:expr) => {
        $crate::server::database::in_time(async {
            let _permit = $registry.acquire_write().await;
            let mut pooled = $crate::server::connection::PooledConnection::acquire(&$registry.database).await?;
            $crate::with_connection!(pooled.connection(), $connection => $code)
        })
        .await
    };
}
use writing;

fn encode(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|cause| sqlx::Error::Decode(cause.into()))
}

/// Deletes what is kept under these ids.
fn delete_data<DB>(ids: &[String]) -> QueryBuilder<'static, DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    let mut delete = QueryBuilder::new(format!("delete from {} where id", store::TABLE));
    push_in(&mut delete, ids);
    delete
}

/// ` in (first, second, …)`.
fn push_in<DB>(query: &mut QueryBuilder<'static, DB>, values: &[String])
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push(" in (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value.clone());
    }
    query.push(")");
}
