//! Ending sessions. A sign-out runs a constant number of statements, plus one for each further
//! batch of data or events.

use super::{
    events::{events_of, insert_events},
    locks::lock_for_sign_out,
    sql::Statement as _,
    targets::{Revocation, Target, push_target, texts},
    visitor_data::delete_data,
};
use crate::{
    SessionHandle,
    server::{
        Connection,
        backend::BackendConnection as _,
        clock::Clock,
        event::{Cause, SignOutEvent},
        time_limit::in_time,
    },
    with_connection,
};
use sqlx::QueryBuilder;

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
struct RevokedRow {
    handle: String,
    user_id: String,
    data_id: String,
    expires_at: i64,
}

/// Ends sessions, deletes their data and records what happened. Returns one event per user whose
/// sessions ended, and none if nothing ended.
pub(crate) async fn revoke(
    mut connection: Connection<'_>,
    revocation: &Revocation,
    cause: &Cause,
    clock: &Clock,
) -> Result<Vec<SignOutEvent>, sqlx::Error> {
    for target in &revocation.targets {
        let lock = lock_for_sign_out(connection.reborrow(), target, clock.now());
        in_time(lock).await?;
    }
    // Only now: a sign-in that the locks have waited for may be newer than the time before.
    let now = clock.now();
    let mut revoked = delete_sessions(connection.reborrow(), revocation, now).await?;
    let data_ids = data_ids(&revoked, revocation);
    delete_data(connection.reborrow(), &data_ids).await?;

    // A session that had expired was over before, so its end is no event.
    revoked.retain(|row| row.expires_at > now);
    let ended = revoked
        .into_iter()
        .map(|row| (row.user_id, SessionHandle(row.handle)));
    let events = events_of(ended, revocation.scope, cause, clock, now);
    insert_events(connection.reborrow(), &events).await?;
    in_time(async { with_connection!(connection, connection => connection.notify(&events).await) })
        .await?;
    Ok(events)
}

async fn delete_sessions(
    connection: Connection<'_>,
    revocation: &Revocation,
    now: i64,
) -> Result<Vec<RevokedRow>, sqlx::Error> {
    let mut revoked = Vec::new();
    with_connection!(connection, connection => {
        for target in &revocation.targets {
            let mut delete = QueryBuilder::new("delete from guardian_session where ");
            push_target(&mut delete, target, now);
            delete.add(" returning handle, user_id, data_id, expires_at");
            let rows = delete.build_query_as::<RevokedRow>();
            revoked.extend(in_time(rows.fetch_all(&mut *connection)).await?);
        }
    });
    Ok(revoked)
}

/// The ids of the data that goes with the sessions. A visitor's data goes with the browser's token.
fn data_ids(revoked: &[RevokedRow], revocation: &Revocation) -> Vec<String> {
    let of_sessions = revoked.iter().map(|row| row.data_id.clone());
    let of_visitors = revocation.targets.iter().flat_map(|target| match target {
        Target::Browsers(tokens) | Target::Replaced(tokens) => texts(tokens),
        _ => Vec::new(),
    });
    of_sessions.chain(of_visitors).collect()
}
