//! The locks by which sign-ins and sign-outs wait for each other on PostgreSQL.
//!
//! A sign-in that is written but not committed is invisible to a statement that ends all sessions
//! of its user or its browser. It would survive that sign-out with a date before it. With the locks, a
//! session is either ended or truly newer.
//!
//! SQLite has one writer at a time and needs no locks.

use super::targets::{Target, push_select_users, texts};
use crate::{
    server::{Connection, backend::BackendConnection as _, token::TokenHash},
    with_connection,
};
use sqlx::QueryBuilder;

/// Waits for sign-outs of the user and of the browser, and makes later ones wait for this sign-in,
/// until the transaction ends. Call it before reading the clock.
pub(crate) async fn lock_for_sign_in(
    connection: Connection<'_>,
    user_id: &str,
    replaced: Option<TokenHash>,
) -> Result<(), sqlx::Error> {
    let browser = replaced.map(|token| token.to_string());
    with_connection!(connection, connection => {
        connection.lock_users(vec![user_id.to_owned()]).await?;
        connection.lock_browsers(browser.into_iter().collect()).await
    })
}

/// Waits for sign-ins and sign-outs of the browser, and makes later ones wait, until the transaction
/// ends.
pub(crate) async fn lock_for_renewal(
    connection: Connection<'_>,
    token: &TokenHash,
) -> Result<(), sqlx::Error> {
    let browser = vec![token.to_string()];
    with_connection!(connection, connection => connection.lock_browsers(browser).await)
}

/// Waits for the sign-ins that this sign-out must end, and makes later ones wait, until the
/// transaction ends.
pub(super) async fn lock_for_sign_out(
    connection: Connection<'_>,
    target: &Target,
    now: i64,
) -> Result<(), sqlx::Error> {
    with_connection!(connection, connection => match target {
        // These sessions exist already.
        Target::Session(_) | Target::OwnedSession(_) | Target::Replaced(_) => Ok(()),
        Target::User(user_id) | Target::UserExcept(user_id, _) => {
            connection.lock_users(vec![user_id.clone()]).await
        }
        Target::UserOf(_) | Target::UserOfExcept(_) | Target::ActiveUsersOf(_) => {
            let mut users = QueryBuilder::new("");
            push_select_users(&mut users, target, now);
            connection.lock_users_of(users).await
        }
        Target::Browsers(tokens) => connection.lock_browsers(texts(tokens)).await,
        Target::HandleRange { .. } => connection.lock_everyone().await,
    })
}
