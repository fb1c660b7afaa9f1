//! Deleting expired rows, a bounded batch per call: a long statement would keep SQLite's only
//! writer from everybody else.

use super::{
    Registry, reading,
    sql::Statement as _,
    visitor_data::{EndedData, end_data},
    writing,
};
use crate::server::clock::Clock;
use sqlx::QueryBuilder;
use std::time::Duration;

/// The most rows that one call reads or deletes.
pub(crate) const BATCH: i64 = 500;

/// What one step of a walk through a table has done.
pub(crate) struct Step {
    pub(crate) deleted: u64,
    /// The key of the last row that it has read, if there may be more.
    pub(crate) last: Option<String>,
}

impl Registry {
    /// Reads some sessions, in the order of their handles after one, and deletes those that expired before
    /// a time, with their data. An index of the dates would cost every sign-in, sign-out and activity more
    /// than this costs.
    pub(crate) async fn delete_expired_sessions(
        &self,
        before: i64,
        after: &str,
    ) -> Result<Step, sqlx::Error> {
        const READ: &str = "select handle, expires_at from guardian_session where handle > $1
            order by handle limit $2";
        // The row's own date is checked again: the session may have been used since.
        const EXPIRED: &str = "delete from guardian_session where expires_at < ";
        let rows: Vec<(String, i64)> = reading!(self, connection => {
            sqlx::query_as(READ).bind(after).bind(BATCH).fetch_all(&mut *connection).await
        })?;
        let is_last = (rows.len() as i64) < BATCH;
        let last = rows.last().map(|(handle, _)| handle.clone());
        let expired = rows
            .into_iter()
            .filter(|(_, expires_at)| *expires_at < before);
        let expired: Vec<String> = expired.map(|(handle, _)| handle).collect();
        let mut step = Step {
            deleted: 0,
            last: last.filter(|_| !is_last),
        };
        if expired.is_empty() {
            return Ok(step);
        }
        writing!(self, connection => {
            let mut delete = QueryBuilder::new(EXPIRED);
            delete.integer(before).add(" and handle").is_one_of(&expired);
            delete.add(" returning data_id, token_hash, has_data");
            let deleted: Vec<(String, String, i64)> =
                delete.build_query_as().fetch_all(&mut *connection).await?;
            step.deleted = deleted.len() as u64;
            let with_data = deleted.into_iter().filter(|(.., has_data)| *has_data != 0);
            let ended = with_data.map(|(id, browser, _)| EndedData {
                id,
                browser: Some(browser),
            });
            end_data(connection.into(), ended.collect(), &self.kept).await?;
            Ok(step)
        })
    }

    /// Deletes events from before a time: the delivered ones and those that were given up, and
    /// all of them if no hook waits for them.
    pub(crate) async fn delete_old_events(
        &self,
        before: i64,
        also_undelivered: bool,
    ) -> Result<u64, sqlx::Error> {
        // Ids begin with the time.
        const EVENTS: &str = "delete from guardian_event where id in (
                select id from guardian_event where id < $1
                and (delivered_at is not null or given_up_at is not null or $2 = 1)
                order by id limit $3
            )";
        let seconds = u64::try_from(before).unwrap_or(0);
        let first_kept = Clock::first_event_id(Duration::from_secs(seconds));
        writing!(self, connection => {
            let done = sqlx::query(EVENTS)
                .bind(&first_kept)
                .bind(i64::from(also_undelivered))
                .bind(BATCH)
                .execute(&mut *connection)
                .await?;
            Ok(done.rows_affected())
        })
    }
}
