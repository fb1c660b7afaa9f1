//! `guardian_session`: who is signed in where.

use super::{
    LiveSession, Registry, reading,
    sql::{Statement as _, encode},
    writing,
};
use crate::{
    Profile, SessionCursor, SessionHandle, User,
    fields::Fields,
    server::{
        Connection, Proof,
        backend::BackendConnection as _,
        lifetime::Lifetime,
        token::{self, TokenHash},
    },
    with_connection,
};
use sqlx::{FromRow as _, QueryBuilder, Row as _};
use std::{collections::HashMap, sync::Arc};
use tower_sessions::session::Id;

/// How long a new token may take to reach the browser, in seconds. Until then the previous one still
/// signs out. No longer: somebody may have kept the token of an earlier visitor of the browser.
pub(super) const TOKEN_DELIVERY: i64 = 60;

/// How many sessions one step through all sessions covers: few enough that other requests reach the
/// database in between.
const STEP: i64 = 1000;

/// What a sign-in stores.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) token: TokenHash,
    /// The browser's previous token.
    pub(crate) replaced: Option<TokenHash>,
    /// The id of the session's data, from which the handle is made.
    pub(crate) data_id: Id,
    /// Whether the data is stored with it.
    pub(crate) has_data: bool,
    pub(crate) user_id: String,
    pub(crate) profile: Profile,
    pub(crate) method: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
    /// Where that is, in the app's words.
    pub(crate) location: Option<String>,
    pub(crate) lifetime: Lifetime,
    pub(crate) needs_still_open: bool,
}

/// When and where a session is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) expires_at: i64,
    /// Among the user's sign-ins; 0 without a limit on sessions.
    pub(crate) place: i64,
}

/// A session as the list of sessions shows it.
#[derive(sqlx::FromRow)]
pub(crate) struct ListedSession {
    pub(crate) handle: String,
    pub(crate) method: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
    /// Where that is, in the app's words.
    pub(crate) location: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
}

impl Registry {
    /// Returns one of a user's live sessions.
    pub(crate) async fn list_one(
        &self,
        user_id: &str,
        handle: &SessionHandle,
        now: i64,
    ) -> Result<Option<ListedSession>, sqlx::Error> {
        const ONE: &str =
            "select handle, method, user_agent, ip, location, created_at, last_seen_at
            from guardian_session where handle = $1 and user_id = $2 and expires_at > $3";
        reading!(self, connection => {
            sqlx::query_as(ONE)
                .bind(handle.as_str())
                .bind(user_id)
                .bind(now)
                .fetch_optional(&mut *connection)
                .await
        })
    }

    /// Returns up to `limit` of a user's live sessions except `without`, the most recently used
    /// first, from a place in that order on.
    pub(crate) async fn list(
        &self,
        user_id: &str,
        without: Option<&SessionHandle>,
        after: Option<&SessionCursor>,
        now: i64,
        limit: i64,
    ) -> Result<Vec<ListedSession>, sqlx::Error> {
        const LIST: &str =
            "select handle, method, user_agent, ip, location, created_at, last_seen_at
            from guardian_session
            where user_id = $1 and (last_seen_at, handle) < ($2, $3) and handle <> $4
                and expires_at > $5
            order by last_seen_at desc, handle desc limit $6";
        // Comes before all of them; and no handle is empty.
        let first = (i64::MAX, "");
        let (last_seen_at, handle) = after.map_or(first, |after| {
            let place = after.place();
            place.expect("a cursor is checked when it is made")
        });
        reading!(self, connection => {
            sqlx::query_as(LIST)
                .bind(user_id)
                .bind(last_seen_at)
                .bind(handle)
                .bind(without.map_or("", SessionHandle::as_str))
                .bind(now)
                .bind(limit)
                .fetch_all(&mut *connection)
                .await
        })
    }

    /// Returns when a session expires; `None` when there is no such session.
    pub(crate) async fn expiry(&self, handle: &SessionHandle) -> Result<Option<i64>, sqlx::Error> {
        const EXPIRY: &str = "select expires_at from guardian_session where handle = $1";
        reading!(self, connection => {
            sqlx::query_scalar(EXPIRY).bind(handle.as_str()).fetch_optional(&mut *connection).await
        })
    }

    /// Records that a session is in use, and moves its idle limit.
    pub(crate) async fn touch(
        &self,
        handle: &SessionHandle,
        now: i64,
        expires_at: i64,
    ) -> Result<(), sqlx::Error> {
        // One that has expired meanwhile must not come back.
        const TOUCH: &str = "update guardian_session set last_seen_at = $2, expires_at = $3
            where handle = $1 and expires_at > $2";
        writing!(self, connection => {
            sqlx::query(TOUCH)
                .bind(handle.as_str())
                .bind(now)
                .bind(expires_at)
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    }

    /// Stores a new profile in all of a user's sessions, and notifies other servers.
    pub(crate) async fn update_profile(
        &self,
        user_id: &str,
        profile: &Profile,
    ) -> Result<(), sqlx::Error> {
        const UPDATE: &str =
            "update guardian_session set profile = $2, fields = $3 where user_id = $1";
        let fields = profile.fields.stored();
        let profile = encode_profile(profile)?;
        writing!(self, connection => {
            sqlx::query(UPDATE)
                .bind(user_id)
                .bind(&profile)
                .bind(fields)
                .execute(&mut *connection)
                .await?;
            connection.notify_user(&self.server, user_id).await
        })
    }

    /// Returns whether a sign-in has just replaced this token.
    pub(crate) async fn is_replaced(
        &self,
        token: &TokenHash,
        now: i64,
    ) -> Result<bool, sqlx::Error> {
        const REPLACED: &str = "select count(*) from guardian_session
            where replaced_token_hash = $1 and replaced_at > $2";
        reading!(self, connection => {
            let found: i64 = sqlx::query_scalar(REPLACED)
                .bind(token.to_string())
                .bind(now - TOKEN_DELIVERY)
                .fetch_one(&mut *connection)
                .await?;
            Ok(found > 0)
        })
    }

    /// Returns the handle that ends the next step through all sessions, which begins after
    /// `handle`; `None` when fewer are left.
    pub(crate) async fn step_after(&self, handle: &str) -> Result<Option<String>, sqlx::Error> {
        const STEP_AFTER: &str = "select handle from guardian_session where handle > $1
            order by handle limit 1 offset $2";
        reading!(self, connection => {
            sqlx::query_scalar(STEP_AFTER).bind(handle).bind(STEP).fetch_optional(&mut *connection).await
        })
    }
}

/// How a browser's accounts move to its new token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CarryOver {
    pub(crate) old: TokenHash,
    pub(crate) new: TokenHash,
    /// Whether the browser has not been closed since it got the old one.
    pub(crate) is_still_open: bool,
    /// Whether it keeps the new one for longer than some of the accounts.
    pub(crate) is_mixed: bool,
}

/// The fields have their own column, which a server of an earlier version leaves alone.
fn encode_profile(profile: &Profile) -> Result<String, sqlx::Error> {
    let fields = Fields::default();
    encode(&Profile {
        fields,
        ..profile.clone()
    })
}

/// Moves the accounts of a browser to its new token, except the account of the user `except`. Returns
/// how many moved.
pub(crate) async fn carry_over(
    connection: Connection<'_>,
    carry_over: &CarryOver,
    except: Option<&str>,
    now: i64,
) -> Result<u64, sqlx::Error> {
    // What ended with the browser must not come back.
    const CARRY_OVER: &str = "update guardian_session
        set token_hash = $2, replaced_token_hash = $1, replaced_at = $4,
            needs_still_open = case when is_remembered = 0 then $6 else 0 end
        where token_hash = $1 and (cast($3 as text) is null or user_id <> $3)
        and expires_at > $4 and (needs_still_open = 0 or $5 = 1)";
    with_connection!(connection, connection => {
        let done = sqlx::query(CARRY_OVER)
            .bind(carry_over.old.to_string())
            .bind(carry_over.new.to_string())
            .bind(except)
            .bind(now)
            .bind(i64::from(carry_over.is_still_open))
            .bind(i64::from(carry_over.is_mixed))
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected())
    })
}

/// Makes another account of a browser the active one. Returns whether the browser has it.
pub(crate) async fn switch(
    connection: Connection<'_>,
    token: &TokenHash,
    handle: &SessionHandle,
    now: i64,
) -> Result<bool, sqlx::Error> {
    const SWITCH: &str = "update guardian_session set active = 1 + (
            select max(active) from guardian_session where token_hash = $1
        ) where handle = $2 and token_hash = $1 and expires_at > $3";
    with_connection!(connection, connection => {
        let done = sqlx::query(SWITCH)
            .bind(token.to_string())
            .bind(handle.as_str())
            .bind(now)
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected() > 0)
    })
}

/// Stores sessions, each as the active one of its browser.
pub(crate) async fn insert(
    connection: Connection<'_>,
    sessions: &[(&NewSession, Stored)],
    now: i64,
) -> Result<Vec<LiveSession>, sqlx::Error> {
    const INSERT: &str = "insert into guardian_session (handle, token_hash, data_id, user_id,
        profile, method, user_agent, ip, created_at, last_seen_at, expires_at,
        replaced_token_hash, replaced_at, idle_seconds, age_seconds, is_remembered, needs_still_open,
        place, fields, location, has_data, active) ";
    let mut rows = Vec::with_capacity(sessions.len());
    for (new, stored) in sessions {
        let handle = token::handle_of(&new.data_id);
        let fields = new.profile.fields.stored().map(str::to_owned);
        let profile = encode_profile(&new.profile)?;
        rows.push((*new, *stored, handle, profile, fields));
    }
    let live = rows.iter().map(|(new, stored, handle, ..)| LiveSession {
        user: Arc::new(User {
            id: new.user_id.clone(),
            profile: new.profile.clone(),
            session: handle.clone(),
        }),
        created_at: now,
        last_seen_at: now,
        expires_at: stored.expires_at,
        lifetime: new.lifetime.clone(),
        needs_still_open: new.needs_still_open,
        proof: Proof {
            method: new.method.clone(),
            proved_at: now,
        },
    });
    let live = live.collect();
    with_connection!(connection, connection => {
        let mut insert = QueryBuilder::new(INSERT);
        insert.push_values(rows, |mut row, (new, stored, handle, profile, fields)| {
            let token = new.token.to_string();
            row.push_bind(handle.to_string())
                .push_bind(token.clone())
                .push_bind(TokenHash::of(&new.data_id).to_string())
                .push_bind(new.user_id.clone())
                .push_bind(profile)
                .push_bind(new.method.clone())
                .push_bind(new.user_agent.clone())
                .push_bind(new.ip.clone())
                .push_bind(now)
                .push_bind(now)
                .push_bind(stored.expires_at)
                .push_bind(new.replaced.map(|token| token.to_string()))
                .push_bind(now)
                .push_bind(new.lifetime.idle_seconds)
                .push_bind(new.lifetime.age_seconds)
                .push_bind(i64::from(new.lifetime.is_remembered))
                .push_bind(i64::from(new.needs_still_open))
                .push_bind(stored.place)
                .push_bind(fields)
                .push_bind(new.location.clone())
                .push_bind(i64::from(new.has_data));
            row.push("(select coalesce(max(active), 0) + 1 from guardian_session where token_hash = ")
                .push_bind_unseparated(token)
                .push_unseparated(")");
        });
        insert.build().execute(&mut *connection).await?;
    });
    Ok(live)
}

/// How many live sessions a user has, and the last place among them.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub(crate) struct Taken {
    pub(crate) sessions: i64,
    pub(crate) last_place: i64,
}

/// Counts the live sessions of users. Lock them before.
pub(crate) async fn count_sessions(
    connection: Connection<'_>,
    user_ids: &[String],
    now: i64,
) -> Result<HashMap<String, Taken>, sqlx::Error> {
    with_connection!(connection, connection => {
        let mut query = QueryBuilder::new(
            "select user_id, count(*) as sessions, max(place) as last_place
            from guardian_session where user_id",
        );
        query.is_one_of(user_ids).add(" and expires_at > ").integer(now).add(" group by user_id");
        let mut taken = HashMap::new();
        for row in query.build().fetch_all(&mut *connection).await? {
            taken.insert(row.try_get("user_id")?, Taken::from_row(&row)?);
        }
        Ok(taken)
    })
}

/// Records that the user of a session has proved who they are. Returns whether the session is still there.
pub(crate) async fn record_proof(
    connection: Connection<'_>,
    handle: &SessionHandle,
    proof: &Proof,
) -> Result<bool, sqlx::Error> {
    const PROOF: &str = "update guardian_session set proved_at = $2, proof_method = $3
        where handle = $1 and expires_at > $2";
    with_connection!(connection, connection => {
        let done = sqlx::query(PROOF)
            .bind(handle.as_str())
            .bind(proof.proved_at)
            .bind(&proof.method)
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected() > 0)
    })
}
