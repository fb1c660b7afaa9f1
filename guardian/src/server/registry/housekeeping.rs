//! Removing what is over, a bounded batch per call: a statement that takes long would keep
//! SQLite's only writer from everybody else. Each answers how many it has removed.

use super::{Registry, delete_data, writing};
use crate::server::store;
use time::OffsetDateTime;

/// How many rows one call removes at most.
pub(crate) const BATCH: i64 = 500;

impl Registry {
    /// Removes sessions that expired before a time, with what was kept for them.
    pub(crate) async fn remove_expired(&self, before: i64) -> Result<u64, sqlx::Error> {
        // Asked again of the row that is deleted: it may have been used since.
        const EXPIRED: &str = "delete from guardian_session where expires_at < $1 and handle in (
                select handle from guardian_session where expires_at < $1
                order by expires_at limit $2
            ) returning data_id";
        writing!(self, connection => {
            let removed: Vec<String> =
                sqlx::query_scalar(EXPIRED).bind(before).bind(BATCH).fetch_all(&mut *connection).await?;
            if !removed.is_empty() {
                delete_data(&removed).build().execute(&mut *connection).await?;
            }
            Ok(removed.len() as u64)
        })
    }

    /// Removes events from before a time: those that are delivered or given up, and all if
    /// nobody waits for them.
    pub(crate) async fn remove_events(
        &self,
        before: i64,
        also_undelivered: bool,
    ) -> Result<u64, sqlx::Error> {
        const EVENTS: &str = "delete from guardian_event where id in (
                select id from guardian_event where created_at < $1
                and (delivered_at is not null or given_up_at is not null or $2 = 1)
                order by created_at limit $3
            )";
        writing!(self, connection => {
            let done = sqlx::query(EVENTS)
                .bind(before)
                .bind(i64::from(also_undelivered))
                .bind(BATCH)
                .execute(&mut *connection)
                .await?;
            Ok(done.rows_affected())
        })
    }

    /// Removes visitors' data that expired before a time.
    pub(crate) async fn remove_data(&self, before: OffsetDateTime) -> Result<u64, sqlx::Error> {
        let data = format!(
            "delete from {table} where expiry_date < $1 and id in (
                select id from {table} where expiry_date < $1 order by expiry_date limit $2
            )",
            table = store::TABLE
        );
        writing!(self, connection => {
            let done = sqlx::query(&data).bind(before).bind(BATCH).execute(&mut *connection).await?;
            Ok(done.rows_affected())
        })
    }
}
