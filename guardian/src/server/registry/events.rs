//! `guardian_event`: every sign-out, written with it in one transaction. The outbox of
//! `after_sign_out`, and the audit trail.

use super::{Registry, decode, encode, ending::EndedRow};
use crate::{
    SessionHandle, SignOutScope,
    server::event::{Cause, SignOutEvent},
    with_pool,
};
use serde::Deserialize;
use sqlx::{QueryBuilder, Row, error::BoxDynError};
use uuid::Uuid;

/// An event that this server is to deliver, for the `attempts`-th time.
pub(crate) struct ClaimedEvent {
    pub(crate) event: SignOutEvent,
    pub(crate) attempts: i64,
}

impl Registry {
    /// Takes events whose time has come, and sets them aside until `leased_until` so that
    /// no other server takes them meanwhile. Oldest first.
    pub(crate) async fn claim_events(
        &self,
        now: i64,
        leased_until: i64,
    ) -> Result<Vec<ClaimedEvent>, sqlx::Error> {
        const CLAIM: &str = "update guardian_event
            set attempts = attempts + 1, next_attempt_at = $2
            -- Asked again of the row that is updated: another server may have claimed it since.
            where delivered_at is null and next_attempt_at <= $1 and id in (
                select id from guardian_event
                where delivered_at is null and next_attempt_at <= $1
                order by id limit 16
            )
            returning id, user_id, scope, reason, actor, note, ended, created_at, attempts";
        with_pool!(&self.database, pool => {
            let rows = sqlx::query(CLAIM).bind(now).bind(leased_until).fetch_all(pool).await?;
            let mut claimed: Vec<ClaimedEvent> = rows
                .iter()
                .filter_map(|row| {
                    let event = readable(read_event(row))?;
                    let attempts = row.try_get("attempts").ok()?;
                    Some(ClaimedEvent { event, attempts })
                })
                .collect();
            // `returning` promises no order.
            claimed.sort_by(|a, b| a.event.id.cmp(&b.event.id));
            Ok(claimed)
        })
    }

    /// The events since an id, in order, whoever wrote them.
    pub(crate) async fn events_since(&self, id: &str) -> Result<Vec<SignOutEvent>, sqlx::Error> {
        const SINCE: &str = "select id, user_id, scope, reason, actor, note, ended, created_at
            from guardian_event where id >= $1 order by id";
        with_pool!(&self.database, pool => {
            let rows = sqlx::query(SINCE).bind(id).fetch_all(pool).await?;
            Ok(rows.iter().filter_map(|row| readable(read_event(row))).collect())
        })
    }

    /// When the next event is due, in seconds since the epoch.
    pub(crate) async fn next_event_due(&self) -> Result<Option<i64>, sqlx::Error> {
        const NEXT: &str =
            "select min(next_attempt_at) from guardian_event where delivered_at is null";
        with_pool!(&self.database, pool => sqlx::query_scalar(NEXT).fetch_one(pool).await)
    }

    /// Notes that the hook has run.
    pub(crate) async fn mark_delivered(&self, id: &str, now: i64) -> Result<(), sqlx::Error> {
        const DELIVERED: &str = "update guardian_event set delivered_at = $2 where id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(DELIVERED).bind(id).bind(now).execute(pool).await?;
        });
        Ok(())
    }

    /// Notes that the hook failed and when it is due again.
    pub(crate) async fn postpone_event(&self, id: &str, until: i64) -> Result<(), sqlx::Error> {
        const POSTPONE: &str = "update guardian_event set next_attempt_at = $2 where id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(POSTPONE).bind(id).bind(until).execute(pool).await?;
        });
        Ok(())
    }
}

/// One event per user whose sessions ended.
pub(super) fn events(
    ended: Vec<EndedRow>,
    scope: SignOutScope,
    cause: &Cause,
    now: i64,
) -> Vec<SignOutEvent> {
    let mut events: Vec<SignOutEvent> = Vec::new();
    for row in ended {
        let handle = SessionHandle(row.handle);
        match events.iter_mut().find(|event| event.user_id == row.user_id) {
            Some(event) => event.ended.push(handle),
            None => events.push(SignOutEvent {
                // Version 7 sorts by time, which is the order of delivery.
                id: Uuid::now_v7().to_string(),
                user_id: row.user_id,
                scope,
                reason: cause.reason,
                actor: cause.actor.clone(),
                note: cause.note.clone(),
                ended: vec![handle],
                created_at: now,
            }),
        }
    }
    events
}

/// How many events one statement writes: far below the parameters that either database takes.
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
        ended, created_at, attempts, next_attempt_at) ";
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
