//! All SQL on sessions, on events and on visitors' data.
//!
//! One text serves SQLite and PostgreSQL. The current time is always a parameter, in seconds since the
//! Unix epoch, so the database's clock and the server's may differ.

mod events;
mod housekeeping;
mod locks;
mod lookup;
mod revoke;
mod servers;
mod sessions;
mod sql;
mod tables;
mod targets;
mod visitor_data;
mod write_permit;

pub(crate) use events::ClaimedEvent;
pub(crate) use housekeeping::BATCH as HOUSEKEEPING_BATCH;
pub(crate) use locks::{Locks, lock, lock_for_sign_out, try_lock};
pub(crate) use lookup::LiveSession;
pub(crate) use revoke::revoke_all;
pub(crate) use sessions::{
    CarryOver, ListedSession, NewSession, Stored, Taken, carry_over, count_sessions, insert,
    record_proof, switch,
};
#[cfg(feature = "sqlite")]
pub(super) use sql::Statement;
pub(crate) use targets::{OwnedSession, Revocation, Target};
pub(crate) use visitor_data::{TABLE, insert_data, move_waiting_data};
pub use write_permit::WritePermit;

use super::{Database, token::TokenHash};
use lookup::Lookup;
use std::sync::Arc;
use uuid::Uuid;
use write_permit::Writer;

/// The tables of sessions and events.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    database: Database,
    lookup: Lookup,
    writer: Arc<Writer>,
    /// The name of this server among those of the database.
    pub(crate) server: Arc<str>,
    /// The keys of the data that stays a visitor's after a sign-out.
    pub(crate) kept: Arc<[String]>,
}

impl Registry {
    /// Creates missing tables and updates older ones.
    pub(crate) async fn new(database: Database, kept: Vec<String>) -> Result<Self, sqlx::Error> {
        database.migrate("sessions", &tables::STEPS).await?;
        Ok(Self {
            lookup: Lookup::new(database.clone()),
            database,
            writer: Arc::default(),
            kept: kept.into(),
            server: Uuid::now_v7().to_string().into(),
        })
    }

    /// Returns the sessions behind a browser's token, expired ones included, the active account's
    /// first. This is the one read that a signed-in request costs.
    pub(crate) async fn find(
        &self,
        token: &TokenHash,
    ) -> Result<Vec<LiveSession>, Arc<sqlx::Error>> {
        self.lookup.find(token).await
    }

    /// Waits for permission to write.
    pub(crate) async fn acquire_write(&self) -> WritePermit {
        self.writer.acquire(&self.database).await
    }

    /// Returns permission to write if nobody has it, waits for it, or waits for a connection.
    pub(crate) fn try_acquire_write(&self) -> Option<WritePermit> {
        self.writer.try_acquire(&self.database)
    }

    /// Returns how many tasks wait for permission to write, without the one that has it.
    pub(crate) fn waiting_to_write(&self) -> usize {
        self.writer.waiting()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

/// Runs code that reads on a connection of the pool, within the
/// [time limit](super::time_limit::in_time). The code returns a `Result`.
macro_rules! reading {
    ($registry:expr, $connection:ident => $code:expr) => {
        $crate::server::time_limit::in_time(async {
            let mut pooled =
                $crate::server::connection::PooledConnection::acquire(&$registry.database).await?;
            $crate::with_connection!(pooled.connection(), $connection => $code)
        })
        .await
    };
}
use reading;

/// Runs code that writes, in the same way and with a permit.
macro_rules! writing {
    ($registry:expr, $connection:ident => $code:expr) => {
        $crate::server::time_limit::in_time(async {
            let _permit = $registry.acquire_write().await;
            let mut pooled =
                $crate::server::connection::PooledConnection::acquire(&$registry.database).await?;
            $crate::with_connection!(pooled.connection(), $connection => $code)
        })
        .await
    };
}
use writing;
