//! `guardian_event`: one row per sign-out and user, written in the sign-out's transaction. It is the
//! outbox of `after_sign_out` and the audit trail.

use super::{
    Registry, reading,
    sql::{Statement as _, decode, encode},
    writing,
};
use crate::{
    SessionHandle, SignOutScope,
    server::{
        Connection,
        backend::BackendConnection as _,
        clock::Clock,
        event::{Cause, SignOutEvent},
        time_limit::in_time,
    },
    with_connection,
};
use serde::Deserialize;
use sqlx::{QueryBuilder, Row, error::BoxDynError};
use std::collections::HashMap;

/// An event that this server delivers, in its `attempts`-th attempt.
pub(crate) struct ClaimedEvent {
    pub(crate) id: String,
    pub(crate) attempts: i64,
    /// An event that a newer server wrote may be unreadable here.
    pub(crate) event: Result<SignOutEvent, sqlx::Error>,
}

/// How many events one statement reads or writes: far fewer than the parameters that either database
/// accepts, and their ids, of 36 bytes, fit into one notification of PostgreSQL, of 8,000.
const BATCH: usize = 200;

/// Selects undelivered events that were not given up and have no earlier one of the same user before
/// them: the hook gets each user's sign-outs in order.
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
    /// Claims up to `limit` due events, at most one per user. No other server claims them before
    /// `leased_until`.
    pub(crate) async fn claim_events(
        &self,
        now: i64,
        leased_until: i64,
        limit: i64,
    ) -> Result<Vec<ClaimedEvent>, sqlx::Error> {
        const CLAIM: &str = concat!(
            "update guardian_event set attempts = attempts + 1, next_attempt_at = $2
            -- The updated row itself is checked again: another server may have claimed it since.
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
            rows.iter()
                .map(|row| {
                    Ok(ClaimedEvent {
                        id: row.try_get("id")?,
                        attempts: row.try_get("attempts")?,
                        event: read_event(row),
                    })
                })
                .collect()
        })
    }

    /// Returns the ids of all servers' events from an id on, in order.
    pub(crate) async fn event_ids_since(&self, id: &str) -> Result<Vec<String>, sqlx::Error> {
        const SINCE: &str = "select id from guardian_event where id >= $1 order by id";
        reading!(self, connection => sqlx::query_scalar(SINCE).bind(id).fetch_all(&mut *connection).await)
    }

    /// Returns the events with these ids, in order. Unreadable ones are logged and left out.
    pub(crate) async fn events(&self, ids: &[String]) -> Result<Vec<SignOutEvent>, sqlx::Error> {
        const EVENTS: &str = "select id, user_id, scope, reason, actor, note, ended, created_at
            from guardian_event where id";
        let mut events = Vec::new();
        for batch in ids.chunks(BATCH) {
            let found = reading!(self, connection => {
                let mut query = QueryBuilder::new(EVENTS);
                query.is_one_of(batch).add(" order by id");
                let rows = query.build().fetch_all(&mut *connection).await?;
                Ok(rows.iter().map(read_event).collect::<Vec<_>>())
            })?;
            events.extend(found.into_iter().filter_map(|event| {
                event
                    .inspect_err(|cause| tracing::error!(%cause, "an event is unreadable"))
                    .ok()
            }));
        }
        Ok(events)
    }

    /// Returns when the next event is due, in seconds since the epoch.
    pub(crate) async fn next_event_due(&self) -> Result<Option<i64>, sqlx::Error> {
        const NEXT: &str =
            next_of_their_users!("select next_attempt_at", "order by next_attempt_at limit 1");
        reading!(self, connection => sqlx::query_scalar(NEXT).fetch_optional(&mut *connection).await)
    }

    /// Records that the hook has run for these events.
    pub(crate) async fn mark_delivered(&self, ids: &[String], now: i64) -> Result<(), sqlx::Error> {
        writing!(self, connection => {
            let mut update = QueryBuilder::new("update guardian_event set delivered_at = ");
            update.integer(now).add(" where id").is_one_of(ids);
            update.build().execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Records that this attempt has failed, and when the next one is due; `None` gives the event
    /// up. Changes nothing if another server has claimed the event meanwhile.
    pub(crate) async fn record_failure(
        &self,
        id: &str,
        attempts: i64,
        failure: &str,
        next_attempt: Option<i64>,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        const FAILED: &str = "update guardian_event
            set failure = $3, next_attempt_at = $4, given_up_at = $5
            where id = $1 and attempts = $2 and delivered_at is null";
        writing!(self, connection => {
            sqlx::query(FAILED)
                .bind(id)
                .bind(attempts)
                .bind(failure)
                .bind(next_attempt.unwrap_or(i64::MAX))
                .bind(next_attempt.is_none().then_some(now))
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    }
}

/// Makes one event per user from (user, session) pairs.
pub(super) fn events_of(
    ended: impl IntoIterator<Item = (String, SessionHandle)>,
    scope: SignOutScope,
    cause: &Cause,
    clock: &Clock,
    now: i64,
) -> Vec<SignOutEvent> {
    let mut events: Vec<SignOutEvent> = Vec::new();
    let mut index_of_user: HashMap<String, usize> = HashMap::new();
    for (user_id, handle) in ended {
        if let Some(index) = index_of_user.get(&user_id) {
            events[*index].ended.push(handle);
        } else {
            index_of_user.insert(user_id.clone(), events.len());
            events.push(SignOutEvent {
                id: clock.new_event_id(),
                user_id,
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

/// Writes events, due at once, and notifies other servers of them.
pub(super) async fn insert_events(
    connection: Connection<'_>,
    events: &[&SignOutEvent],
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "insert into guardian_event (id, user_id, scope, reason, actor, note,
        ended, created_at, attempts, next_attempt_at, place) ";
    with_connection!(connection, connection => {
        for batch in events.chunks(BATCH) {
            let mut rows = Vec::with_capacity(batch.len());
            for event in batch {
                rows.push((event, encode(&event.ended)?));
            }
            let [before, after] = connection.around_events();
            let mut insert = QueryBuilder::new(before);
            insert.push(INSERT);
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
                // After all earlier events of the user, of whichever server: clocks may disagree.
                row.push("(select coalesce(max(place), 0) + 1 from guardian_event where user_id = ")
                    .push_bind_unseparated(event.user_id.clone())
                    .push_unseparated(")");
            });
            insert.push(after);
            in_time(insert.build().execute(&mut *connection)).await?;
        }
    });
    Ok(())
}

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

/// Reads an enum from the word that stands for it.
fn decode_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, sqlx::Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|cause| sqlx::Error::Decode(BoxDynError::from(cause)))
}
