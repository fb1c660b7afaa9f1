//! `guardian_event`: every sign-out, written with it in one transaction. The outbox of
//! `after_sign_out`, and the audit trail.

use super::{Registry, decode, encode, sessions::EndedRow};
use crate::{Reason, SessionHandle, SignOutScope, server::event::SignOutEvent, with_pool};
use serde::Deserialize;
use sqlx::{Row, error::BoxDynError};
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
            returning id, user_id, scope, reason, ended, created_at, attempts";
        with_pool!(&self.database, pool => {
            let rows = sqlx::query(CLAIM).bind(now).bind(leased_until).fetch_all(pool).await?;
            let mut claimed: Vec<ClaimedEvent> = rows
                .into_iter()
                .filter_map(|row| {
                    let claimed: Result<_, sqlx::Error> = (|| {
                        Ok(ClaimedEvent {
                            event: SignOutEvent {
                                id: row.try_get("id")?,
                                user_id: row.try_get("user_id")?,
                                scope: decode_word(row.try_get("scope")?)?,
                                reason: decode_word(row.try_get("reason")?)?,
                                ended: decode(row.try_get("ended")?)?,
                                created_at: row.try_get("created_at")?,
                            },
                            attempts: row.try_get("attempts")?,
                        })
                    })();
                    // One that a newer server wrote must not hold up the others.
                    claimed
                        .inspect_err(|cause| tracing::error!(%cause, "an unreadable event is left"))
                        .ok()
                })
                .collect();
            // `returning` promises no order.
            claimed.sort_by(|a, b| a.event.id.cmp(&b.event.id));
            Ok(claimed)
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
    ended: &[EndedRow],
    scope: SignOutScope,
    reason: Reason,
    now: i64,
) -> Vec<SignOutEvent> {
    let mut events: Vec<SignOutEvent> = Vec::new();
    for row in ended {
        let handle = SessionHandle(row.handle.clone());
        match events.iter_mut().find(|event| event.user_id == row.user_id) {
            Some(event) => event.ended.push(handle),
            None => events.push(SignOutEvent {
                // Version 7 sorts by time, which is the order of delivery.
                id: Uuid::now_v7().to_string(),
                user_id: row.user_id.clone(),
                scope,
                reason,
                ended: vec![handle],
                created_at: now,
            }),
        }
    }
    events
}

type Arguments<'q, DB> = <DB as sqlx::Database>::Arguments<'q>;

/// The statement that writes an event down, due at once.
pub(super) fn insert_event<'q, DB>(
    event: &SignOutEvent,
) -> Result<sqlx::query::Query<'q, DB, Arguments<'q, DB>>, sqlx::Error>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    &'q str: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    Arguments<'q, DB>: sqlx::IntoArguments<'q, DB>,
{
    const INSERT: &str = "insert into guardian_event
        (id, user_id, scope, reason, ended, created_at, attempts, next_attempt_at)
        values ($1, $2, $3, $4, $5, $6, 0, $6)";
    Ok(sqlx::query(INSERT)
        .bind(event.id.clone())
        .bind(event.user_id.clone())
        .bind(event.scope.as_str())
        .bind(event.reason.as_str())
        .bind(encode(&event.ended)?)
        .bind(event.created_at))
}

/// Reads one of the words that an enum is stored as.
fn decode_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, sqlx::Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|cause| sqlx::Error::Decode(BoxDynError::from(cause)))
}
