//! The locks by which sign-ins and sign-outs wait for each other on PostgreSQL.
//!
//! A sign-in that is written but not committed is invisible to a statement that ends all sessions
//! of its user or its browser. It would survive that sign-out with a date before it. With the locks, a
//! session is either ended or truly newer.
//!
//! SQLite has one writer at a time and needs no locks.

use super::targets::{Target, push_select_users};
use crate::server::{Connection, token::TokenHash};
use sqlx::{PgConnection, QueryBuilder};
use std::collections::BTreeSet;

/// The first halves of our advisory locks' numbers: any that no other program of the database uses.
/// "user", "brow" and "ever" in ASCII.
const USERS: i32 = 0x7573_6572;
const BROWSERS: i32 = 0x6272_6f77;
const EVERYONE: i32 = 0x6576_6572;

/// Waits for sign-outs of the user and of the browser, and makes later ones wait for this sign-in,
/// until the transaction ends. Call it before reading the clock.
pub(crate) async fn lock_for_sign_in(
    connection: Connection<'_>,
    user_id: &str,
    replaced: Option<TokenHash>,
) -> Result<(), sqlx::Error> {
    if let Connection::Postgres(connection) = connection {
        lock(connection, USERS, [user_id.to_owned()]).await?;
        let browser = replaced.map(|token| token.to_string());
        lock(connection, BROWSERS, browser).await?;
    }
    Ok(())
}

/// Waits for sign-ins and sign-outs of the browser, and makes later ones wait, until the transaction
/// ends.
pub(crate) async fn lock_for_renewal(
    connection: Connection<'_>,
    token: &TokenHash,
) -> Result<(), sqlx::Error> {
    if let Connection::Postgres(connection) = connection {
        lock(connection, BROWSERS, [token.to_string()]).await?;
    }
    Ok(())
}

/// Waits for the sign-ins that this sign-out must end, and makes later ones wait, until the
/// transaction ends.
pub(super) async fn lock_for_sign_out(
    connection: Connection<'_>,
    target: &Target,
    now: i64,
) -> Result<(), sqlx::Error> {
    let Connection::Postgres(connection) = connection else {
        return Ok(());
    };
    match target {
        // These sessions exist already.
        Target::Session(_) | Target::OwnedSession(_) | Target::Replaced(_) => Ok(()),
        Target::User(user_id) | Target::UserExcept(user_id, _) => {
            lock(connection, USERS, [user_id.clone()]).await
        }
        Target::UserOf(_) | Target::UserOfExcept(_) | Target::ActiveUsersOf(_) => {
            let mut query = QueryBuilder::new("");
            push_select_users(&mut query, target, now);
            let users = query.build_query_scalar();
            let users: Vec<String> = users.fetch_all(&mut *connection).await?;
            lock(connection, USERS, users).await
        }
        Target::Browsers(tokens) => {
            let tokens = tokens.iter().map(TokenHash::to_string);
            lock(connection, BROWSERS, tokens).await
        }
        Target::HandleRange { .. } => lock_everyone(connection).await,
    }
}

/// Takes locks in one order, so that two transactions never wait for each other. Each also takes
/// a share of the lock on everyone.
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

async fn lock_everyone(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1, 0)")
        .bind(EVERYONE)
        .execute(connection)
        .await?;
    Ok(())
}
