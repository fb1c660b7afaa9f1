//! `guardian_event`: every sign-out, written with it in one transaction. The outbox of
//! `after_sign_out`, and the audit trail.

use super::{Registry, decode, encode, ending::EndedRow, push_in, reading, writing};
use crate::{
    SessionHandle, SignOutScope,
    server::{
        Connection,
        event::{Cause, SignOutEvent},
    },
};
use serde::Deserialize;
use sqlx::{QueryBuilder, Row, error::BoxDynError};
use std::collections::HashMap;
use uuid::Uuid;

/// An event that this server is to deliver, for the `attempts`-th time.
pub(crate) struct ClaimedEvent {
    pub(crate) event: SignOutEvent,
    pub(crate) attempts: i64,
}

/// What PostgreSQL calls on other servers by when sessions have ended.
pub(crate) const CHANNEL: &str = "guardian_event";

/// How many ids one notification names. PostgreSQL takes 8,000 bytes, and an id has 36.
const NOTIFIED: usize = 200;

/// Undelivered, not given up, and not behind another of the same user: the hook hears of each
/// user's sign-outs in order.
macro_rules! next_of_their_users {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            " from guardian_event as next where delivered_at is null and given_up_at is null
            and not exists (
                select 1 from guardian_event as earlier
                where earlier.user_id = next.user_id
                and (earlier.place, earlier.id) < (next.place, next.id)
                and earlier.delivered_at is null and earlier.given_up_at is null
            ) ",
            $end
        )
    };
}

impl Registry {
    /// Takes up to `limit` events whose time has come, and sets them aside until
    /// `leased_until`, so that no other server takes them meanwhile. Of each user one.
    pub(crate) async fn claim_events(
        &self,
        now: i64,
        leased_until: i64,
        limit: i64,
    ) -> Result<Vec<ClaimedEvent>, sqlx::Error> {
        const CLAIM: &str = concat!(
            "update guardian_event set attempts = attempts + 1, next_attempt_at = $2
            -- Asked again of the row that is updated: another server may have claimed it since.
            where delivered_at is null and given_up_at is null and next_attempt_at <= $1
            and id in (",
            next_of_their_users!(
                "select id",
                "and next_attempt_at <= $1 order by next_attempt_at limit $3"
            ),
            ") returning id, user_id, scope, reason, actor, note, ended, created_at, attempts"
        );
        writing!(self, connection => {
            let rows = sqlx::query(CLAIM)
                .bind(now)
                .bind(leased_until)
                .bind(limit)
                .fetch_all(&mut *connection)
                .await?;
            let claimed = rows.iter().filter_map(|row| {
                let event = readable(read_event(row))?;
                let attempts = row.try_get("attempts").ok()?;
                Some(ClaimedEvent { event, attempts })
            });
            Ok(claimed.collect())
        })
    }

    /// The ids of the events since an id, in order, whoever wrote them.
    pub(crate) async fn event_ids_since(&self, id: &str) -> Result<Vec<String>, sqlx::Error> {
        const SINCE: &str = "select id from guardian_event where id >= $1 order by id";
        reading!(self, connection => sqlx::query_scalar(SINCE).bind(id).fetch_all(&mut *connection).await)
    }

    /// The events with these ids, in order.
    pub(crate) async fn events(&self, ids: &[String]) -> Result<Vec<SignOutEvent>, sqlx::Error> {
        const EVENTS: &str = "select id, user_id, scope, reason, actor, note, ended, created_at
            from guardian_event where id";
        let mut events = Vec::new();
        for batch in ids.chunks(BATCH) {
            let found = reading!(self, connection => {
                let mut query = QueryBuilder::new(EVENTS);
                push_in(&mut query, batch);
                query.push(" order by id");
                let rows = query.build().fetch_all(&mut *connection).await?;
                Ok(rows.iter().filter_map(|row| readable(read_event(row))).collect::<Vec<_>>())
            })?;
            events.extend(found);
        }
        Ok(events)
    }

    /// When the next event is due, in seconds since the epoch.
    pub(crate) async fn next_event_due(&self) -> Result<Option<i64>, sqlx::Error> {
        const NEXT: &str =
            next_of_their_users!("select next_attempt_at", "order by next_attempt_at limit 1");
        reading!(self, connection => sqlx::query_scalar(NEXT).fetch_optional(&mut *connection).await)
    }

    /// Notes that the hook has run.
    pub(crate) async fn mark_delivered(&self, id: &str, now: i64) -> Result<(), sqlx::Error> {
        const DELIVERED: &str = "update guardian_event set delivered_at = $2 where id = $1";
        writing!(self, connection => {
            sqlx::query(DELIVERED).bind(id).bind(now).execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Notes that this attempt has failed, and when the next one is due; `None` for never. Not
    /// if another server has taken the event meanwhile.
    pub(crate) async fn note_failure(
        &self,
        claimed: &ClaimedEvent,
        failure: &str,
        next_attempt: Option<i64>,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        const FAILED: &str = "update guardian_event
            set failure = $3, next_attempt_at = $4, given_up_at = $5
            where id = $1 and attempts = $2 and delivered_at is null";
        writing!(self, connection => {
            sqlx::query(FAILED)
                .bind(&claimed.event.id)
                .bind(claimed.attempts)
                .bind(failure)
                .bind(next_attempt.unwrap_or(i64::MAX))
                .bind(next_attempt.is_none().then_some(now))
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    }
}

/// Calls on other servers as soon as the transaction commits. SQLite cannot; there they look.
pub(super) async fn notify(
    connection: Connection<'_>,
    events: &[SignOutEvent],
) -> Result<(), sqlx::Error> {
    let Connection::Postgres(connection) = connection else {
        return Ok(());
    };
    for batch in events.chunks(NOTIFIED) {
        let ids: Vec<&str> = batch.iter().map(|event| event.id.as_str()).collect();
        sqlx::query("select pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(ids.join(","))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The ids that a notification names.
pub(crate) fn notified(payload: &str) -> impl Iterator<Item = &str> {
    payload.split(',').filter(|id| !id.is_empty())
}

/// One event per user whose sessions ended.
pub(super) fn events(
    ended: Vec<EndedRow>,
    scope: SignOutScope,
    cause: &Cause,
    now: i64,
) -> Vec<SignOutEvent> {
    let mut events: Vec<SignOutEvent> = Vec::new();
    let mut of_user: HashMap<String, usize> = HashMap::new();
    for row in ended {
        let handle = SessionHandle(row.handle);
        if let Some(index) = of_user.get(&row.user_id) {
            events[*index].ended.push(handle);
        } else {
            of_user.insert(row.user_id.clone(), events.len());
            events.push(SignOutEvent {
                // Version 7 begins with the time, by which other servers find what they missed.
                id: Uuid::now_v7().to_string(),
                user_id: row.user_id,
                scope,
                reason: cause.reason,
                actor: cause.actor.clone(),
                note: cause.note.clone(),
                ended: vec![handle],
                created_at: now,
            });
        }
    }
    events
}

/// How many events one statement reads or writes: far below the parameters that either database
/// takes.
const BATCH: usize = 500;

/// The statements that write events down, due at once.
pub(super) fn insert_events<DB>(
    events: &[SignOutEvent],
) -> Result<Vec<QueryBuilder<'static, DB>>, sqlx::Error>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    Option<String>: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    &'static str: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    const INSERT: &str = "insert into guardian_event (id, user_id, scope, reason, actor, note,
        ended, created_at, attempts, next_attempt_at, place) ";
    let mut inserts = Vec::new();
    for batch in events.chunks(BATCH) {
        let mut rows = Vec::with_capacity(batch.len());
        for event in batch {
            rows.push((event, encode(&event.ended)?));
        }
        let mut insert = QueryBuilder::new(INSERT);
        insert.push_values(rows, |mut row, (event, ended)| {
            row.push_bind(event.id.clone())
                .push_bind(event.user_id.clone())
                .push_bind(event.scope.as_str())
                .push_bind(event.reason.as_str())
                .push_bind(event.actor.as_ref().map(SessionHandle::to_string))
                .push_bind(event.note.clone())
                .push_bind(ended)
                .push_bind(event.created_at)
                .push_bind(0_i64)
                .push_bind(event.created_at);
            // After all that the user has had, on whichever server; clocks may disagree.
            row.push("(select coalesce(max(place), 0) + 1 from guardian_event where user_id = ")
                .push_bind_unseparated(event.user_id.clone())
                .push_unseparated(")");
        });
        inserts.push(insert);
    }
    Ok(inserts)
}

/// Reads an event from its row.
fn read_event<R>(row: &R) -> Result<SignOutEvent, sqlx::Error>
where
    R: Row,
    for<'r> &'r str: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
    for<'r> String: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    for<'r> i64: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
{
    let actor: Option<String> = row.try_get("actor")?;
    Ok(SignOutEvent {
        id: row.try_get("id")?,
        user_id: row.try_get("user_id")?,
        scope: decode_word(row.try_get("scope")?)?,
        reason: decode_word(row.try_get("reason")?)?,
        actor: actor.map(SessionHandle),
        note: row.try_get("note")?,
        ended: decode(row.try_get("ended")?)?,
        created_at: row.try_get("created_at")?,
    })
}

/// One that a newer server wrote must not hold up the others.
fn readable(event: Result<SignOutEvent, sqlx::Error>) -> Option<SignOutEvent> {
    event
        .inspect_err(|cause| tracing::error!(%cause, "an unreadable event is left"))
        .ok()
}

/// Reads one of the words that an enum is stored as.
fn decode_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, sqlx::Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|cause| sqlx::Error::Decode(BoxDynError::from(cause)))
}
