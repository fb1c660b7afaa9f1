//! Every session and every sign-out: all of the library's SQL.
//!
//! One text serves SQLite and PostgreSQL. "Now" is always a parameter, in seconds since the
//! Unix epoch, so that the database's clock and the server's need not agree.

mod ending;
mod events;
mod housekeeping;
mod order;
mod sessions;
mod tables;

pub(crate) use ending::{Condition, Ending, Own, end};
pub(crate) use events::{CHANNEL, ClaimedEvent, notified};
pub(crate) use housekeeping::BATCH as HOUSEKEEPING_BATCH;
pub(crate) use order::begin_sign_in;
pub(crate) use sessions::{LiveSession, NewSession, carry_over, insert};

use super::{Database, store};
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

/// The tables of sessions and sign-outs.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    database: Database,
}

impl Registry {
    /// Creates the tables when they are missing, and moves older ones forward.
    pub(crate) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        database.migrate("sessions", &tables::STEPS).await?;
        Ok(Self { database })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

/// Runs one piece of code on the pool, within [`in_time`](super::database::in_time). What it
/// answers is a `Result`.
macro_rules! on_pool {
    ($registry:expr, $pool:ident => $code:expr) => {
        $crate::server::database::in_time(async {
            $crate::with_pool!(&$registry.database, $pool => $code)
        })
        .await
    };
}
use on_pool;

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
