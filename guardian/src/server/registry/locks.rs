//! The locks by which sign-ins and sign-outs wait for each other on PostgreSQL.
//!
//! A sign-in that is written but not committed is invisible to a statement that ends all sessions
//! of its user or its browser. It would survive that sign-out with a date before it. With the locks, a
//! session is either ended or truly newer.
//!
//! SQLite has one writer at a time and needs no locks.

use super::targets::{Revocation, Target, push_select_users, texts};
use crate::{
    server::{Connection, backend::BackendConnection as _, token::TokenHash},
    with_connection,
};
use sqlx::QueryBuilder;
use std::collections::BTreeSet;

/// What a transaction locks until it ends. Lock it before reading the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) users: BTreeSet<String>,
    /// The hashes of their tokens.
    pub(crate) browsers: BTreeSet<String>,
    pub(crate) is_for_everyone: bool,
}

impl Locks {
    /// What a sign-in locks: sign-outs of the user and of the browser wait for it, and it waits for them.
    pub(crate) fn of_sign_in(user_id: &str, replaced: Option<TokenHash>) -> Self {
        Self {
            users: [user_id.to_owned()].into(),
            browsers: replaced.iter().map(TokenHash::to_string).collect(),
            is_for_everyone: false,
        }
    }

    /// What a change of a browser's token locks.
    pub(crate) fn of_browser(token: &TokenHash) -> Self {
        Self {
            browsers: [token.to_string()].into(),
            ..Self::default()
        }
    }

    /// What a sign-out locks, as far as it is known without the database.
    pub(crate) fn of_sign_out(revocation: &Revocation) -> Self {
        let mut locks = Self::default();
        for target in &revocation.targets {
            match target {
                // These sessions exist already.
                Target::Session(_) | Target::OwnedSession(_) | Target::Replaced(_) => {}
                Target::User(user_id)
                | Target::UserExcept(user_id, _)
                | Target::Oldest(user_id, _) => {
                    locks.users.insert(user_id.clone());
                }
                // Their users are looked up: see `lock_for_sign_out`.
                Target::UserOf(_) | Target::UserOfExcept(_) | Target::ActiveUsersOf(_) => {}
                Target::Browsers(tokens) => locks.browsers.extend(texts(tokens)),
                Target::HandleRange { .. } => locks.is_for_everyone = true,
            }
        }
        locks
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the locks of others.
    pub(crate) fn extend(&mut self, other: Self) {
        self.users.extend(other.users);
        self.browsers.extend(other.browsers);
        self.is_for_everyone |= other.is_for_everyone;
    }

    /// Whether any of these is among others.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        !self.users.is_disjoint(&other.users)
            || !self.browsers.is_disjoint(&other.browsers)
            || (self.is_for_everyone && other.is_for_everyone)
    }
}

/// Waits for the transactions that have any of the locks, and makes later ones wait.
pub(crate) async fn lock(connection: Connection<'_>, locks: &Locks) -> Result<(), sqlx::Error> {
    if locks.is_empty() {
        return Ok(());
    }
    with_connection!(connection, connection => connection.lock(locks).await)
}

/// Takes the locks that no other transaction has. Returns the others.
pub(crate) async fn try_lock(
    connection: Connection<'_>,
    locks: &Locks,
) -> Result<Locks, sqlx::Error> {
    if locks.is_empty() {
        return Ok(Locks::default());
    }
    with_connection!(connection, connection => connection.try_lock(locks).await)
}

/// Waits for the sign-ins that this sign-out must end, and makes later ones wait.
pub(crate) async fn lock_for_sign_out(
    mut connection: Connection<'_>,
    revocation: &Revocation,
    now: i64,
) -> Result<(), sqlx::Error> {
    let mut locks = Locks::of_sign_out(revocation);
    for target in &revocation.targets {
        if target.names_users_by_sessions() {
            with_connection!(&mut connection, connection => {
                let mut users = QueryBuilder::new("");
                push_select_users(&mut users, target, now);
                locks.users.extend(connection.users_to_lock(users).await?);
            });
        }
    }
    lock(connection, &locks).await
}
