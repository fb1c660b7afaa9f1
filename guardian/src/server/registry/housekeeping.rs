//! Deleting expired rows, a bounded batch per call: a long statement would keep SQLite's only
//! writer from everybody else. Each call returns how many rows it has deleted.

use super::{
    Registry,
    visitor_data::{EndedData, end_data},
    writing,
};

/// The most rows that one call deletes.
pub(crate) const BATCH: i64 = 500;

impl Registry {
    /// Deletes sessions that expired before a time, and their data.
    pub(crate) async fn delete_expired_sessions(&self, before: i64) -> Result<u64, sqlx::Error> {
        // The row's own date is checked again: the session may have been used since.
        const EXPIRED: &str = "delete from guardian_session where expires_at < $1 and handle in (
                select handle from guardian_session where expires_at < $1
                order by expires_at limit $2
            ) returning data_id, token_hash";
        writing!(self, connection => {
            let deleted: Vec<(String, String)> =
                sqlx::query_as(EXPIRED).bind(before).bind(BATCH).fetch_all(&mut *connection).await?;
            let count = deleted.len() as u64;
            let ended = deleted.into_iter().map(|(id, browser)| EndedData {
                id,
                browser: Some(browser),
            });
            end_data(connection.into(), ended.collect(), &self.kept).await?;
            Ok(count)
        })
    }

    /// Deletes events from before a time: the delivered ones and those that were given up, and
    /// all of them if no hook waits for them.
    pub(crate) async fn delete_old_events(
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
}
