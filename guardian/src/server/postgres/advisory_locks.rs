//! The locks of transactions on PostgreSQL. Their numbers are any that no other program of the
//! database uses.

use crate::server::registry::Locks;
use sqlx::PgConnection;

/// The lock that servers hold while they change the schema. "guardian" in ASCII.
const SCHEMA: i64 = 0x6775_6172_6469_616e;

/// The first halves of the other locks' numbers. "user", "brow" and "ever" in ASCII.
const USERS: i32 = 0x7573_6572;
const BROWSERS: i32 = 0x6272_6f77;
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

/// Takes locks, in one order for all transactions, so that no two wait for each other. Each also takes a
/// share of the lock on everyone.
pub(super) async fn lock(connection: &mut PgConnection, locks: &Locks) -> Result<(), sqlx::Error> {
    const LOCK: &str = "select pg_advisory_xact_lock_shared($1, 0),
        pg_advisory_xact_lock(family, key)
        from (
            select family, hashtext(name) as key
            from unnest($2::int[], $3::text[]) as names (family, name)
            order by 1 desc, 2
        ) as keys";
    let (families, names) = names(locks);
    if !names.is_empty() {
        sqlx::query(LOCK)
            .bind(EVERYONE)
            .bind(families)
            .bind(names)
            .execute(&mut *connection)
            .await?;
    }
    if locks.is_for_everyone {
        sqlx::query("select pg_advisory_xact_lock($1, 0)")
            .bind(EVERYONE)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Takes the locks that no other transaction has, and returns the others.
pub(super) async fn try_lock(
    connection: &mut PgConnection,
    locks: &Locks,
) -> Result<Locks, sqlx::Error> {
    const TRY_LOCK: &str = "select family, name
        from unnest($2::int[], $3::text[]) as names (family, name)
        where not (pg_try_advisory_xact_lock_shared($1, 0)
            and pg_try_advisory_xact_lock(family, hashtext(name)))";
    let (families, names) = names(locks);
    let taken: Vec<(i32, String)> = sqlx::query_as(TRY_LOCK)
        .bind(EVERYONE)
        .bind(families)
        .bind(names)
        .fetch_all(connection)
        .await?;
    let mut others = Locks::default();
    for (family, name) in taken {
        let names = if family == USERS {
            &mut others.users
        } else {
            &mut others.browsers
        };
        names.insert(name);
    }
    Ok(others)
}

/// The family and the name of each lock.
fn names(locks: &Locks) -> (Vec<i32>, Vec<String>) {
    let users = locks.users.iter().map(|user| (USERS, user.clone()));
    let browsers = locks.browsers.iter();
    let browsers = browsers.map(|token| (BROWSERS, token.clone()));
    users.chain(browsers).unzip()
}
