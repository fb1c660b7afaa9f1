//! Ending sessions: which ones, and the statements that do it. Their number does not grow
//! with the sessions that end, but for one more in each [`BATCH`].

use super::{
    delete_data,
    events::{events, insert_events, notify},
    order, push_in,
    sessions::ON_ITS_WAY,
};
use crate::{
    SessionHandle, SignOutScope,
    server::{
        Connection,
        clock::Clock,
        database::in_time,
        event::{Cause, SignOutEvent},
        token::TokenHash,
    },
    with_connection,
};
use sqlx::QueryBuilder;

/// How much data one statement deletes: far below the parameters that either database takes.
const BATCH: usize = 1000;

/// Which sessions a sign-out ends: those that meet any of the conditions.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) scope: SignOutScope,
    pub(crate) conditions: Vec<Condition>,
}

/// A set of sessions.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// One.
    Session(SessionHandle),
    /// One, if it belongs to the user or to the browser.
    OwnSession(Own),
    /// All of its user's, if it does; but that one, if it is to be spared.
    UserOfOwnSession { own: Own, spares_it: bool },
    /// All accounts of these browsers, and the data of their visitors.
    Browsers(Vec<TokenHash>),
    /// What is left under the tokens that a sign-in replaces, and the data of their visitors.
    Replaced(Vec<TokenHash>),
    /// All of one user's.
    User(String),
    /// All of one user's but one.
    UserExcept(String, SessionHandle),
    /// All of the users whose account is the active one of these browsers. An expired session
    /// speaks for no other.
    ActiveUsersOf(Vec<TokenHash>),
    /// All whose handles are in a range.
    Handles {
        after: String,
        until: Option<String>,
    },
}

/// A session that must belong to this user or to one of these browsers.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) session: SessionHandle,
    pub(crate) user_id: Option<String>,
    pub(crate) tokens: Vec<TokenHash>,
}

impl Ending {
    pub(crate) fn new(scope: SignOutScope, conditions: Vec<Condition>) -> Self {
        Self { scope, conditions }
    }
}

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
pub(super) struct EndedRow {
    pub(super) handle: String,
    pub(super) user_id: String,
    data_id: String,
    expires_at: i64,
}

/// Ends sessions, with the data that was kept for them, and writes down that it happened.
/// Answers what happened: one event per user, none if nothing ended.
pub(crate) async fn end(
    mut connection: Connection<'_>,
    ending: &Ending,
    cause: &Cause,
    clock: &Clock,
) -> Result<Vec<SignOutEvent>, sqlx::Error> {
    for condition in &ending.conditions {
        let wait = order::wait_for_sign_ins(connection.reborrow(), condition, clock.now());
        in_time(wait).await?;
    }
    let now = clock.now();
    let events = with_connection!(connection.reborrow(), connection => {
        let mut ended: Vec<EndedRow> = Vec::new();
        // A visitor who signs out is forgotten, too.
        let mut visitors = Vec::new();
        for condition in &ending.conditions {
            let mut rows = QueryBuilder::new("delete from guardian_session where ");
            push_condition(&mut rows, condition, now);
            rows.push(" returning handle, user_id, data_id, expires_at");
            let rows = rows.build_query_as();
            ended.extend(in_time(rows.fetch_all(&mut *connection)).await?);
            if let Condition::Browsers(tokens) | Condition::Replaced(tokens) = condition {
                visitors.extend(texts(tokens));
            }
        }
        let data: Vec<String> = ended.iter().map(|row| row.data_id.clone()).collect();
        for batch in [data, visitors].concat().chunks(BATCH) {
            in_time(delete_data(batch).build().execute(&mut *connection)).await?;
        }
        // What had expired was over before: it goes, and is no news.
        ended.retain(|row| row.expires_at > now);
        let events = events(ended, ending.scope, cause, now);
        for mut insert in insert_events(&events)? {
            in_time(insert.build().execute(&mut *connection)).await?;
        }
        events
    });
    in_time(notify(connection, &events)).await?;
    Ok(events)
}

fn push_condition<DB>(query: &mut QueryBuilder<'static, DB>, condition: &Condition, now: i64)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    match condition {
        Condition::Session(handle) => {
            query.push("handle = ").push_bind(handle.to_string());
        }
        Condition::OwnSession(own) => push_own(query, own, now),
        Condition::UserOfOwnSession { .. } | Condition::ActiveUsersOf(_) => {
            query.push("user_id in (");
            push_users(query, condition, now);
            query.push(")");
            if let Condition::UserOfOwnSession {
                own,
                spares_it: true,
            } = condition
            {
                query
                    .push(" and handle <> ")
                    .push_bind(own.session.to_string());
            }
        }
        Condition::Browsers(tokens) => push_browsers(query, tokens, now),
        Condition::Replaced(tokens) => {
            query.push("token_hash");
            push_in(query, &texts(tokens));
        }
        Condition::User(user_id) => {
            query.push("user_id = ").push_bind(user_id.clone());
        }
        Condition::UserExcept(user_id, handle) => {
            query.push("user_id = ").push_bind(user_id.clone());
            query.push(" and handle <> ").push_bind(handle.to_string());
        }
        Condition::Handles { after, until } => {
            query.push("handle > ").push_bind(after.clone());
            if let Some(until) = until {
                query.push(" and handle <= ").push_bind(until.clone());
            }
        }
    }
}

/// Whose sessions a condition ends, where that stands in the rows.
pub(super) fn push_users<DB>(query: &mut QueryBuilder<'static, DB>, condition: &Condition, now: i64)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push("select user_id from guardian_session as one where ");
    match condition {
        Condition::ActiveUsersOf(tokens) => {
            let tokens = texts(tokens);
            query.push("expires_at > ").push_bind(now);
            // Of a token that has just been replaced, it cannot be told who was active: all.
            query.push(" and (");
            push_just_replaced(query, &tokens, now);
            query.push(" or token_hash");
            push_in(query, &tokens);
            query.push(
                " and not exists (select 1 from guardian_session as other
                    where other.token_hash = one.token_hash and other.active > one.active
                    and other.expires_at > ",
            );
            query.push_bind(now).push("))");
        }
        Condition::UserOfOwnSession { own, .. } => push_own(query, own, now),
        _ => {
            query.push("1 = 0");
        }
    }
}

fn push_own<DB>(query: &mut QueryBuilder<'static, DB>, own: &Own, now: i64)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push("handle = ").push_bind(own.session.to_string());
    query.push(" and (");
    push_browsers(query, &own.tokens, now);
    if let Some(user_id) = &own.user_id {
        query.push(" or user_id = ").push_bind(user_id.clone());
    }
    query.push(")");
}

/// The sessions that these tokens belong to, or belonged to until just now: a new one may be on
/// its way to the browser, which still signs out with the one before.
fn push_browsers<DB>(query: &mut QueryBuilder<'static, DB>, tokens: &[TokenHash], now: i64)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    let tokens = texts(tokens);
    query.push("(token_hash");
    push_in(query, &tokens);
    query.push(" or ");
    push_just_replaced(query, &tokens, now);
    query.push(")");
}

fn push_just_replaced<DB>(query: &mut QueryBuilder<'static, DB>, tokens: &[String], now: i64)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push("replaced_token_hash");
    push_in(query, tokens);
    query
        .push(" and replaced_at > ")
        .push_bind(now - ON_ITS_WAY);
}

fn texts(tokens: &[TokenHash]) -> Vec<String> {
    tokens.iter().map(TokenHash::to_string).collect()
}
