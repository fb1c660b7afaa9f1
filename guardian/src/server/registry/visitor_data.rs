//! What is kept for visitors: the table of tower-sessions-sqlx-store.

use super::{Registry, reading, sql::Statement as _, writing};
use crate::{
    SessionHandle,
    server::{
        Connection, backend::Patience, open_transaction::OpenTransaction, time_limit::in_time,
        token::TokenHash,
    },
    with_connection,
};
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry};
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record};

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

    /// Stores the first data of a session. Returns whether the session is still there. A sign-out at the same
    /// moment waits, and then deletes the data, too.
    pub(crate) async fn create_session_data(
        &self,
        session: &SessionHandle,
        data: &Record,
    ) -> Result<bool, sqlx::Error> {
        const MARK: &str = "update guardian_session set has_data = 1 where handle = $1";
        in_time(async {
            let _permit = self.acquire_write().await;
            let mut transaction = OpenTransaction::begin(&self.database, Patience::Usual).await?;
            let is_there = with_connection!(transaction.connection(), connection => {
                let marked = sqlx::query(MARK).bind(session.as_str()).execute(connection);
                marked.await?.rows_affected() > 0
            });
            if is_there {
                replace_data(transaction.connection(), &[data]).await?;
            }
            transaction.commit().await?.release().await;
            Ok(is_there)
        })
        .await
    }

    /// Takes what waits for one of these browsers, under the new id of a visitor's data.
    pub(crate) async fn take_waiting_data(
        &self,
        browsers: &[TokenHash],
        new_id: &Id,
    ) -> Result<Option<Record>, sqlx::Error> {
        let count = format!("select count(*) from {TABLE} where id");
        let take = format!("update {TABLE} set id = $2 where id = $1 returning data");
        if self.kept.is_empty() || browsers.is_empty() {
            return Ok(None);
        }
        let ids = browsers
            .iter()
            .filter_map(|browser| waiting_id(&browser.to_string()));
        let ids: Vec<String> = ids.collect();
        // First, because there is mostly nothing: a visit must not wait for SQLite's only writer.
        let waiting: i64 = reading!(self, connection => {
            let mut query = QueryBuilder::new(count);
            query.is_one_of(&ids);
            query.build_query_scalar().fetch_one(&mut *connection).await
        })?;
        if waiting == 0 {
            return Ok(None);
        }
        writing!(self, connection => {
            for id in &ids {
                let taken: Option<Vec<u8>> = sqlx::query_scalar(&take)
                    .bind(id)
                    .bind(TokenHash::of(new_id).to_string())
                    .fetch_optional(&mut *connection)
                    .await?;
                if let Some(record) = taken.as_deref().and_then(decode) {
                    return Ok(Some(Record { id: *new_id, ..record }));
                }
            }
            Ok(None)
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
    insert(connection, data, "").await
}

/// Stores data that may be there: two accounts of one browser may end at the same moment, or two requests may
/// store a session's first data, and none must fail.
async fn replace_data(connection: Connection<'_>, data: &[&Record]) -> Result<(), sqlx::Error> {
    const REPLACE: &str = " on conflict (id) do update
        set data = excluded.data, expiry_date = excluded.expiry_date";
    insert(connection, data, REPLACE).await
}

async fn insert(
    connection: Connection<'_>,
    data: &[&Record],
    on_conflict: &'static str,
) -> Result<(), sqlx::Error> {
    if data.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(data.len());
    for record in data {
        rows.push((record.id.to_string(), encode(record)?, record.expiry_date));
    }
    with_connection!(connection, connection => {
        let mut insert = QueryBuilder::new(format!("insert into {TABLE} (id, data, expiry_date) "));
        insert.push_values(rows, |mut row, (id, data, expiry_date)| {
            row.push_bind(id).push_bind(data).push_bind(expiry_date);
        });
        insert.push(on_conflict).build().execute(&mut *connection).await?;
    });
    Ok(())
}

/// Data that is over.
#[derive(Debug)]
pub(super) struct EndedData {
    /// Its id in the table.
    pub(super) id: String,
    /// The hash of the token of the browser whose visitor keeps what is marked as theirs.
    pub(super) browser: Option<String>,
}

/// Deletes data, except what is its visitor's: the values with the keys `kept`. They wait for the browser
/// under an id of their own. If several data are of one browser, the last one's values count.
pub(super) async fn end_data(
    mut connection: Connection<'_>,
    ended: Vec<EndedData>,
    kept: &[String],
) -> Result<(), sqlx::Error> {
    if kept.is_empty() {
        let ids: Vec<String> = ended.into_iter().map(|ended| ended.id).collect();
        return delete_data(connection, &ids).await;
    }
    // What has waited before comes first, so that newer values replace it.
    let waiting = ended.iter().filter_map(|ended| {
        let browser = ended.browser.as_ref()?;
        Some(EndedData {
            id: waiting_id(browser)?,
            browser: Some(browser.clone()),
        })
    });
    let ended: Vec<EndedData> = waiting
        .collect::<Vec<_>>()
        .into_iter()
        .chain(ended)
        .collect();
    let ids: BTreeSet<String> = ended.iter().map(|ended| ended.id.clone()).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let mut deleted = take_data(connection.reborrow(), &ids).await?;
    let mut of_browsers = BTreeMap::<String, Record>::new();
    for EndedData { id, browser } in ended {
        let waiting = browser.as_deref().and_then(waiting_id);
        let (Some(waiting), Some(mut record)) = (waiting, deleted.remove(&id)) else {
            continue;
        };
        record.data.retain(|key, _| kept.contains(key));
        let Some(waiting_hash) = TokenHash::parse(&waiting).filter(|_| !record.data.is_empty())
        else {
            continue;
        };
        record.id = waiting_hash.as_store_id();
        match of_browsers.entry(waiting) {
            Entry::Vacant(entry) => drop(entry.insert(record)),
            Entry::Occupied(mut entry) => {
                let older = entry.get_mut();
                older.expiry_date = older.expiry_date.max(record.expiry_date);
                older.data.extend(record.data);
            }
        }
    }
    let records: Vec<Record> = of_browsers.into_values().collect();
    for batch in records.chunks(BATCH) {
        let batch: Vec<&Record> = batch.iter().collect();
        in_time(replace_data(connection.reborrow(), &batch)).await?;
    }
    Ok(())
}

/// Returns the id of what waits for a browser, by the hash of its token. It is not the hash itself: the token
/// is over, and whoever else has it must not share the visitor's data. The first request with it moves the
/// data to a new token.
pub(super) fn waiting_id(browser: &str) -> Option<String> {
    let hash = TokenHash::parse(browser)?.as_store_id();
    Some(TokenHash::of(&hash).to_string())
}

/// Moves what waits for a browser to its new token.
pub(crate) async fn move_waiting_data(
    connection: Connection<'_>,
    old: &TokenHash,
    new: &TokenHash,
) -> Result<(), sqlx::Error> {
    let (Some(old), Some(new)) = (waiting_id(&old.to_string()), waiting_id(&new.to_string()))
    else {
        return Ok(());
    };
    let update = format!("update {TABLE} set id = $2 where id = $1");
    with_connection!(connection, connection => {
        sqlx::query(&update).bind(old).bind(new).execute(&mut *connection).await?;
    });
    Ok(())
}

/// Deletes data, and returns it by its ids.
async fn take_data(
    connection: Connection<'_>,
    ids: &[String],
) -> Result<HashMap<String, Record>, sqlx::Error> {
    let mut taken = HashMap::new();
    with_connection!(connection, connection => {
        for batch in ids.chunks(BATCH) {
            let mut delete = QueryBuilder::new(format!("delete from {TABLE} where id"));
            delete.is_one_of(batch).add(" returning id, data");
            let rows = delete.build_query_as::<(String, Vec<u8>)>();
            for (id, data) in in_time(rows.fetch_all(&mut *connection)).await? {
                if let Some(record) = decode(&data) {
                    taken.insert(id, record);
                }
            }
        }
    });
    Ok(taken)
}

/// Deletes the data with these ids.
async fn delete_data(connection: Connection<'_>, ids: &[String]) -> Result<(), sqlx::Error> {
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

/// Unreadable data is logged, and stops no sign-out.
fn decode(data: &[u8]) -> Option<Record> {
    let record = rmp_serde::from_slice(data);
    record
        .inspect_err(|cause| tracing::error!(%cause, "a visitor's data is unreadable"))
        .ok()
}
