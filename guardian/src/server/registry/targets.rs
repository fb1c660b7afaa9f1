//! Which sessions a sign-out ends, as SQL conditions.

use super::{sessions::TOKEN_DELIVERY, sql::Statement};
use crate::{SessionHandle, SignOutScope, server::token::TokenHash};

/// The sessions that a sign-out ends: all that match any of its targets.
#[derive(Clone, Debug)]
pub(crate) struct Revocation {
    pub(crate) scope: SignOutScope,
    pub(crate) targets: Vec<Target>,
}

impl Revocation {
    pub(crate) fn new(scope: SignOutScope, targets: Vec<Target>) -> Self {
        Self { scope, targets }
    }

    /// Whether its locks are known without the database, and leave others alone.
    pub(crate) fn has_known_locks(&self) -> bool {
        let has_others = |target: &Target| {
            target.names_users_by_sessions() || matches!(target, Target::HandleRange { .. })
        };
        !self.targets.iter().any(has_others)
    }
}

/// A set of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One session.
    Session(SessionHandle),
    /// One session, if it belongs to the user or to the browser.
    OwnedSession(OwnedSession),
    /// All sessions of that session's user, if it does.
    UserOf(OwnedSession),
    /// The same, except that session itself.
    UserOfExcept(OwnedSession),
    /// All accounts of these browsers, and the data of their visitors.
    Browsers(Vec<TokenHash>),
    /// The sessions that are left under tokens which a sign-in replaces, and the data of their
    /// visitors.
    Replaced(Vec<TokenHash>),
    /// All sessions of one user.
    User(String),
    /// All sessions of one user, except one.
    UserExcept(String, SessionHandle),
    /// The live sessions of one user that began first, so many.
    Oldest(String, i64),
    /// All sessions of the users whose account is the active one of these browsers. An expired
    /// session does not count as active.
    ActiveUsersOf(Vec<TokenHash>),
    /// All sessions whose handles are in a range.
    HandleRange {
        after: String,
        until: Option<String>,
    },
}

impl Target {
    /// Whether the users are those of some sessions, so that only the database knows them.
    pub(super) fn names_users_by_sessions(&self) -> bool {
        matches!(
            self,
            Self::UserOf(_) | Self::UserOfExcept(_) | Self::ActiveUsersOf(_)
        )
    }
}

/// A session that must belong to this user or to a browser with one of these tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedSession {
    pub(crate) session: SessionHandle,
    pub(crate) user_id: Option<String>,
    pub(crate) tokens: Vec<TokenHash>,
}

/// Adds the condition that a session belongs to the target.
pub(super) fn push_target(query: &mut impl Statement, target: &Target, now: i64) {
    match target {
        Target::Session(handle) => {
            query.add("handle = ").text(handle.as_str());
        }
        Target::OwnedSession(owned) => push_owned(query, owned, now),
        Target::UserOf(_) | Target::ActiveUsersOf(_) => push_is_of_users(query, target, now),
        Target::UserOfExcept(owned) => {
            push_is_of_users(query, target, now);
            query.add(" and handle <> ").text(owned.session.as_str());
        }
        Target::Browsers(tokens) => push_browsers(query, tokens, now),
        Target::Replaced(tokens) => {
            query.add("token_hash").is_one_of(&texts(tokens));
        }
        Target::User(user_id) => {
            query.add("user_id = ").text(user_id);
        }
        Target::UserExcept(user_id, handle) => {
            query.add("user_id = ").text(user_id);
            query.add(" and handle <> ").text(handle.as_str());
        }
        Target::Oldest(user_id, count) => {
            // By the order of the sign-ins. Before those with places are the ones from a time without a
            // limit, and those of an earlier version.
            query.add("handle in (select handle from guardian_session where user_id = ");
            query.text(user_id).add(" and expires_at > ").integer(now);
            query.add(" order by place, created_at, handle limit ");
            query.integer(*count).add(")");
        }
        Target::HandleRange { after, until } => {
            query.add("handle > ").text(after);
            if let Some(until) = until {
                query.add(" and handle <= ").text(until);
            }
        }
    }
}

fn push_is_of_users(query: &mut impl Statement, target: &Target, now: i64) {
    query.add("user_id in (");
    push_select_users(query, target, now);
    query.add(")");
}

/// Adds the query for the users of a target that names them by their sessions. Other targets
/// have none.
pub(super) fn push_select_users(query: &mut impl Statement, target: &Target, now: i64) {
    query.add("select user_id from guardian_session as one where ");
    match target {
        Target::UserOf(owned) | Target::UserOfExcept(owned) => push_owned(query, owned, now),
        Target::ActiveUsersOf(tokens) => push_is_active(query, &texts(tokens), now),
        _ => {
            query.add("1 = 0");
        }
    }
}

fn push_owned(query: &mut impl Statement, owned: &OwnedSession, now: i64) {
    query.add("handle = ").text(owned.session.as_str());
    query.add(" and (");
    push_browsers(query, &owned.tokens, now);
    if let Some(user_id) = &owned.user_id {
        query.add(" or user_id = ").text(user_id);
    }
    query.add(")");
}

fn push_is_active(query: &mut impl Statement, tokens: &[String], now: i64) {
    query.add("expires_at > ").integer(now);
    // Nobody can tell which account of a token that was just replaced was active: all count.
    query.add(" and (");
    push_just_replaced(query, tokens, now);
    query.add(" or token_hash").is_one_of(tokens).add(
        " and not exists (select 1 from guardian_session as other
            where other.token_hash = one.token_hash and other.active > one.active
            and other.expires_at > ",
    );
    query.integer(now).add("))");
}

/// Adds the condition that a session belongs to one of these tokens, or did until just now: a new
/// token may still be on its way to the browser, which then signs out with the previous one.
fn push_browsers(query: &mut impl Statement, tokens: &[TokenHash], now: i64) {
    let tokens = texts(tokens);
    query.add("(token_hash").is_one_of(&tokens).add(" or ");
    push_just_replaced(query, &tokens, now);
    query.add(")");
}

pub(super) fn push_just_replaced(query: &mut impl Statement, tokens: &[String], now: i64) {
    query.add("replaced_token_hash").is_one_of(tokens);
    query
        .add(" and replaced_at > ")
        .integer(now - TOKEN_DELIVERY);
}

pub(super) fn texts(tokens: &[TokenHash]) -> Vec<String> {
    tokens.iter().map(TokenHash::to_string).collect()
}
