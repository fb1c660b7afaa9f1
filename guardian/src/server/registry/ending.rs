//! Ending sessions: which ones, and the statements that do it. Their number does not grow
//! with the sessions that end.

use super::{
    events::{events, insert_events},
    sessions::push_tokens,
};
use crate::{
    SessionHandle, SignOutScope,
    server::{
        event::{Cause, SignOutEvent},
        store,
        token::TokenHash,
        transaction::Connection,
    },
    with_connection,
};
use sqlx::QueryBuilder;

/// How many sessions one step of a sign-out of everyone ends: few enough that other
/// requests get their turn at the database in between.
const STEP: i64 = 1000;

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
    /// All of one user's.
    User(String),
    /// All of one user's but one.
    UserExcept(String, SessionHandle),
    /// All of the users whose account is the active one of these browsers. An expired session
    /// speaks for no other.
    ActiveUsersOf(Vec<TokenHash>, i64),
    /// Some of all that were live then.
    SomeLiveAt(i64),
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

    /// A part of everyone's sessions: to be repeated until nothing ends.
    pub(crate) fn some_live_at(time: i64) -> Self {
        Self::new(SignOutScope::Global, vec![Condition::SomeLiveAt(time)])
    }
}

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
pub(super) struct EndedRow {
    pub(super) handle: String,
    pub(super) user_id: String,
    expires_at: i64,
}

/// Ends sessions, with the data that was kept for them, and writes down that it happened.
/// Answers what happened: one event per user, none if nothing ended.
pub(crate) async fn end(
    connection: Connection<'_>,
    ending: &Ending,
    cause: &Cause,
    now: i64,
) -> Result<Vec<SignOutEvent>, sqlx::Error> {
    with_connection!(connection, connection => {
        let mut ended: Vec<EndedRow> = Vec::new();
        for condition in &ending.conditions {
            // The data first: which it is stands in the rows.
            let mut data = QueryBuilder::new(format!("delete from {} where id in (", store::TABLE));
            data.push("select data_id from guardian_session where ");
            push_condition(&mut data, condition);
            data.push(")");
            data.build().execute(&mut *connection).await?;

            let mut rows = QueryBuilder::new("delete from guardian_session where ");
            push_condition(&mut rows, condition);
            rows.push(" returning handle, user_id, expires_at");
            ended.extend(rows.build_query_as().fetch_all(&mut *connection).await?);

            // A visitor who signs out is forgotten, too.
            if let Condition::Browsers(tokens) = condition {
                let mut visitors = QueryBuilder::new(format!("delete from {} where ", store::TABLE));
                push_tokens(&mut visitors, "id in", tokens);
                visitors.build().execute(&mut *connection).await?;
            }
        }
        // What had expired was over before: it goes, and is no news.
        ended.retain(|row| row.expires_at > now);
        let events = events(ended, ending.scope, cause, now);
        for mut insert in insert_events(&events)? {
            insert.build().execute(&mut *connection).await?;
        }
        Ok(events)
    })
}

fn push_condition<DB>(query: &mut QueryBuilder<'static, DB>, condition: &Condition)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    match condition {
        Condition::Session(handle) => {
            query.push("handle = ").push_bind(handle.to_string());
        }
        Condition::OwnSession(own) => push_own(query, own),
        Condition::UserOfOwnSession { own, spares_it } => {
            query.push("user_id in (select user_id from guardian_session where ");
            push_own(query, own);
            query.push(")");
            if *spares_it {
                query
                    .push(" and handle <> ")
                    .push_bind(own.session.to_string());
            }
        }
        Condition::Browsers(tokens) => push_tokens(query, "token_hash in", tokens),
        Condition::User(user_id) => {
            query.push("user_id = ").push_bind(user_id.clone());
        }
        Condition::UserExcept(user_id, handle) => {
            query.push("user_id = ").push_bind(user_id.clone());
            query.push(" and handle <> ").push_bind(handle.to_string());
        }
        Condition::ActiveUsersOf(tokens, now) => {
            query.push("user_id in (select user_id from guardian_session as one where ");
            push_tokens(query, "token_hash in", tokens);
            query.push(" and expires_at > ").push_bind(*now);
            query.push(
                " and not exists (select 1 from guardian_session as other
                    where other.token_hash = one.token_hash and other.active > one.active
                    and other.expires_at > ",
            );
            query.push_bind(*now).push("))");
        }
        Condition::SomeLiveAt(time) => {
            query.push("handle in (select handle from guardian_session where created_at <= ");
            // The expired are not counted: a step of nothing else would look like the last one.
            query
                .push_bind(*time)
                .push(" and expires_at > ")
                .push_bind(*time);
            query.push(" order by handle limit ").push_bind(STEP);
            query.push(")");
        }
    }
}

fn push_own<DB>(query: &mut QueryBuilder<'static, DB>, own: &Own)
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push("handle = ").push_bind(own.session.to_string());
    push_tokens(query, " and (token_hash in", &own.tokens);
    if let Some(user_id) = &own.user_id {
        query.push(" or user_id = ").push_bind(user_id.clone());
    }
    query.push(")");
}
