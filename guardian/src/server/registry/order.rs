//! Who waits for whom. A sign-in that is written but not committed cannot be seen by a
//! statement that ends all of its user's sessions, and would survive it with a date before the
//! sign-out. So the two wait for each other, and a session is either ended or truly newer.
//!
//! SQLite has one writer at a time and needs none of this.

use super::ending::{Condition, push_users};
use crate::server::Connection;
use sqlx::{PgConnection, QueryBuilder};
use std::collections::BTreeSet;

/// The families of our locks: any numbers that no other program of the database takes. "user"
/// and "ever" in ASCII.
const USERS: i32 = 0x7573_6572;
const EVERYONE: i32 = 0x6576_6572;

/// Lets a user's sign-in be seen by whoever ends all of their sessions after it, and waits for
/// whoever does so now. Until the end of the transaction, and before it reads the clock.
pub(crate) async fn begin_sign_in(
    connection: Connection<'_>,
    user_id: &str,
) -> Result<(), sqlx::Error> {
    if let Connection::Postgres(connection) = connection {
        sqlx::query("select pg_advisory_xact_lock_shared($1, 0)")
            .bind(EVERYONE)
            .execute(&mut *connection)
            .await?;
        lock_user(connection, user_id).await?;
    }
    Ok(())
}

/// Waits for the sign-ins that a sign-out is to end, and keeps those that come waiting until
/// the end of the transaction.
pub(super) async fn wait_for_sign_ins(
    connection: Connection<'_>,
    condition: &Condition,
) -> Result<(), sqlx::Error> {
    let Connection::Postgres(connection) = connection else {
        return Ok(());
    };
    match condition {
        // These exist already.
        Condition::Session(_)
        | Condition::OwnSession(_)
        | Condition::Browsers(_)
        | Condition::Replaced(_) => Ok(()),
        Condition::User(user_id) | Condition::UserExcept(user_id, _) => {
            lock_user(connection, user_id).await
        }
        Condition::UserOfOwnSession { .. } | Condition::ActiveUsersOf(..) => {
            let mut query = QueryBuilder::new("");
            push_users(&mut query, condition);
            let users: Vec<String> = query
                .build_query_scalar()
                .fetch_all(&mut *connection)
                .await?;
            // In one order, so that no two transactions wait for each other.
            for user_id in users.into_iter().collect::<BTreeSet<_>>() {
                lock_user(connection, &user_id).await?;
            }
            Ok(())
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

async fn lock_user(connection: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1, hashtext($2))")
        .bind(USERS)
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}
