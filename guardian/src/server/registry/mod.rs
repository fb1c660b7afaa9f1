//! Every session and every sign-out: all of the library's SQL.
//!
//! One text serves SQLite and PostgreSQL. "Now" is always a parameter, in seconds since the
//! Unix epoch, so that the database's clock and the server's need not agree. Transactions
//! begin with a write, so that SQLite takes its write lock at once and never fails half-way
//! for want of it.

mod ending;
mod events;
mod sessions;
mod tables;

pub(crate) use ending::{Condition, Ending, Own, end};
pub(crate) use events::ClaimedEvent;
pub(crate) use sessions::{LiveSession, NewSession, carry_over, insert};

use super::Database;
use crate::with_pool;
use serde::{Deserialize, Serialize};

/// The tables of sessions and sign-outs.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    database: Database,
}

impl Registry {
    /// Creates the tables when they are missing.
    pub(crate) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        for statement in tables::TABLES {
            with_pool!(&database, pool => { sqlx::query(statement).execute(pool).await?; });
        }
        Ok(Self { database })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

fn encode(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|cause| sqlx::Error::Decode(cause.into()))
}
