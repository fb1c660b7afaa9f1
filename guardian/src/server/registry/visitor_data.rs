//! What is kept for visitors: the table of tower-sessions-sqlx-store.

use super::{Registry, sql::Statement as _, writing};
use crate::{
    server::{Connection, time_limit::in_time},
    with_connection,
};
use sqlx::QueryBuilder;
use time::OffsetDateTime;
use tower_sessions::session::Record;

/// The table's name, the same on both databases.
pub(crate) const TABLE: &str = "tower_sessions";

/// What the table needs besides: house-keeping looks for expired rows.
const STEPS: [&str; 1] =
    ["create index if not exists tower_sessions_expiry on tower_sessions (expiry_date)"];

/// How many rows one statement deletes: far fewer than the parameters that either database accepts.
const BATCH: usize = 1000;

impl Registry {
    /// Adds what the table needs besides its rows.
    pub(crate) async fn prepare_data_table(&self) -> Result<(), sqlx::Error> {
        self.database.migrate("visitors", &STEPS).await
    }

    /// Stores a visitor's first data.
    pub(crate) async fn create_data(&self, data: &Record) -> Result<(), sqlx::Error> {
        writing!(self, connection => insert_data(connection.into(), &[data]).await)
    }

    /// Updates a visitor's data. Returns whether there was any.
    pub(crate) async fn update_data(&self, data: &Record) -> Result<bool, sqlx::Error> {
        let update = format!("update {TABLE} set data = $2, expiry_date = $3 where id = $1");
        writing!(self, connection => {
            let done = sqlx::query(&update)
                .bind(data.id.to_string())
                .bind(encode(data)?)
                .bind(data.expiry_date)
                .execute(&mut *connection)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Deletes up to `limit` rows that expired before a time. Returns how many.
    pub(crate) async fn delete_expired_data(
        &self,
        before: OffsetDateTime,
        limit: i64,
    ) -> Result<u64, sqlx::Error> {
        let delete = format!(
            "delete from {TABLE} where expiry_date < $1 and id in (
                select id from {TABLE} where expiry_date < $1 order by expiry_date limit $2
            )"
        );
        writing!(self, connection => {
            let done = sqlx::query(&delete).bind(before).bind(limit).execute(&mut *connection).await?;
            Ok(done.rows_affected())
        })
    }
}

/// Stores data under new ids.
pub(crate) async fn insert_data(
    connection: Connection<'_>,
    data: &[&Record],
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::with_capacity(data.len());
    for record in data {
        rows.push((record.id.to_string(), encode(record)?, record.expiry_date));
    }
    with_connection!(connection, connection => {
        let mut insert = QueryBuilder::new(format!("insert into {TABLE} (id, data, expiry_date) "));
        insert.push_values(rows, |mut row, (id, data, expiry_date)| {
            row.push_bind(id).push_bind(data).push_bind(expiry_date);
        });
        insert.build().execute(&mut *connection).await?;
    });
    Ok(())
}

/// Deletes the data with these ids.
pub(super) async fn delete_data(
    connection: Connection<'_>,
    ids: &[String],
) -> Result<(), sqlx::Error> {
    with_connection!(connection, connection => {
        for batch in ids.chunks(BATCH) {
            let mut delete = QueryBuilder::new(format!("delete from {TABLE} where id"));
            delete.is_one_of(batch);
            in_time(delete.build().execute(&mut *connection)).await?;
        }
    });
    Ok(())
}

/// Encodes a record as tower-sessions-sqlx-store does.
fn encode(record: &Record) -> Result<Vec<u8>, sqlx::Error> {
    rmp_serde::to_vec(record).map_err(|cause| sqlx::Error::Encode(cause.into()))
}
