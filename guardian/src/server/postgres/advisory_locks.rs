//! The locks of transactions on PostgreSQL. Their numbers are any that no other program of the
//! database uses.

use sqlx::PgConnection;
use std::collections::BTreeSet;

/// The lock that servers hold while they change the schema. "guardian" in ASCII.
const SCHEMA: i64 = 0x6775_6172_6469_616e;

/// The first halves of the other locks' numbers. "user", "brow" and "ever" in ASCII.
pub(super) const USERS: i32 = 0x7573_6572;
pub(super) const BROWSERS: i32 = 0x6272_6f77;
const EVERYONE: i32 = 0x6576_6572;

/// Waits until no other server changes the schema, however long that takes, and keeps others waiting
/// until the transaction ends. Without it, two simultaneous `create … if not exists` fail. No other lock
/// in the transaction is waited for long: a change of a table that somebody has locked blocks everybody
/// behind it.
pub(super) async fn lock_schema(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set local lock_timeout = 0")
        .execute(&mut *connection)
        .await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(SCHEMA)
        .execute(&mut *connection)
        .await?;
    sqlx::query("set local lock_timeout = '4s'")
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes locks in one order, so that two transactions never wait for each other. Each also takes
/// a share of the lock on everyone.
pub(super) async fn lock(
    connection: &mut PgConnection,
    family: i32,
    names: Vec<String>,
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

pub(super) async fn lock_everyone(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1, 0)")
        .bind(EVERYONE)
        .execute(connection)
        .await?;
    Ok(())
}
