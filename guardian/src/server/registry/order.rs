//! Who waits for whom. A sign-in that is written but not committed cannot be seen by a
//! statement that ends all sessions of its user or its browser, and would survive it with a date
//! before the sign-out. So the two wait for each other, and a session is either ended or truly
//! newer.
//!
//! SQLite has one writer at a time and needs none of this.

use super::ending::{Condition, push_users};
use crate::server::{Connection, token::TokenHash};
use sqlx::{PgConnection, QueryBuilder};
use std::collections::BTreeSet;

/// The families of our locks: any numbers that no other program of the database takes. "user",
/// "brow" and "ever" in ASCII.
const USERS: i32 = 0x7573_6572;
const BROWSERS: i32 = 0x6272_6f77;
const EVERYONE: i32 = 0x6576_6572;

/// Lets a sign-in be seen by whoever ends all sessions of its user or its browser after it, and
/// waits for whoever does so now. Until the end of the transaction, and before it reads the clock.
pub(crate) async fn begin_sign_in(
    connection: Connection<'_>,
    user_id: &str,
    replaced: Option<TokenHash>,
) -> Result<(), sqlx::Error> {
    if let Connection::Postgres(connection) = connection {
        lock(connection, USERS, [user_id.to_owned()]).await?;
        lock(
            connection,
            BROWSERS,
            replaced.map(|token| token.to_string()),
        )
        .await?;
    }
    Ok(())
}

/// Lets a browser get a new token without meeting whoever signs in or out on it.
pub(crate) async fn begin_renewal(
    connection: Connection<'_>,
    token: &TokenHash,
) -> Result<(), sqlx::Error> {
    if let Connection::Postgres(connection) = connection {
        lock(connection, BROWSERS, [token.to_string()]).await?;
    }
    Ok(())
}

/// Waits for the sign-ins that a sign-out is to end, and keeps those that come waiting until
/// the end of the transaction.
pub(super) async fn wait_for_sign_ins(
    connection: Connection<'_>,
    condition: &Condition,
    now: i64,
) -> Result<(), sqlx::Error> {
    let Connection::Postgres(connection) = connection else {
        return Ok(());
    };
    match condition {
        // These exist already.
        Condition::Session(_) | Condition::OwnSession(_) | Condition::Replaced(_) => Ok(()),
        Condition::User(user_id) | Condition::UserExcept(user_id, _) => {
            lock(connection, USERS, [user_id.clone()]).await
        }
        Condition::UserOfOwnSession { .. } | Condition::ActiveUsersOf(_) => {
            let mut query = QueryBuilder::new("");
            push_users(&mut query, condition, now);
            let users = query.build_query_scalar();
            let users: Vec<String> = users.fetch_all(&mut *connection).await?;
            lock(connection, USERS, users).await
        }
        Condition::Browsers(tokens) => {
            let tokens = tokens.iter().map(TokenHash::to_string);
            lock(connection, BROWSERS, tokens).await
        }
        Condition::Handles { .. } => {
            sqlx::query("select pg_advisory_xact_lock($1, 0)")
                .bind(EVERYONE)
                .execute(connection)
                .await?;
            Ok(())
        }
    }
}

/// Takes locks, in one order. Who ends the sessions of everyone waits for all of them, and they
/// for that.
async fn lock(
    connection: &mut PgConnection,
    family: i32,
    names: impl IntoIterator<Item = String>,
) -> Result<(), sqlx::Error> {
    const LOCK: &str = "select pg_advisory_xact_lock_shared($1, 0),
        pg_advisory_xact_lock($2, hashtext($3))";
    for name in names.into_iter().collect::<BTreeSet<_>>() {
        sqlx::query(LOCK)
            .bind(EVERYONE)
            .bind(family)
            .bind(name)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
