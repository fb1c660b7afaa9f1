//! Finding a transaction that was left open on a connection, and ending it.

use super::time_limit::in_time;
use sqlx::{
    Connection as _, Executor as _, PgConnection, Row as _, Sqlite, SqliteConnection,
    TransactionManager as _,
};

/// Ends a transaction that is open on a connection to SQLite. Returns whether none is open now, as far
/// as sqlx or SQLite can tell.
pub(super) async fn end_sqlite(connection: &mut SqliteConnection) -> bool {
    !is_in_transaction::<Sqlite>(connection) || reset_sqlite(connection).await
}

/// Returns whether no transaction is open on a connection, according to SQLite itself: it begins none
/// inside another.
///
/// When the disk is full, SQLite rolls back by itself. sqlx's own rollback then fails, and sqlx goes
/// on to count a transaction and to refuse every further one. So a new transaction is begun here, for
/// sqlx to end. Closing the connection instead would be worse: on a full disk no other one can be
/// opened once the last is gone, and nobody's session could be checked.
pub(super) async fn reset_sqlite(connection: &mut SqliteConnection) -> bool {
    let reset = async {
        connection.execute("begin").await?;
        if is_in_transaction::<Sqlite>(connection) {
            <Sqlite as sqlx::Database>::TransactionManager::rollback(connection).await
        } else {
            connection.execute("rollback").await.map(drop)
        }
    };
    in_time(reset).await.is_ok() && !is_in_transaction::<Sqlite>(connection)
}

/// Returns whether sqlx counts a transaction on a connection.
pub(super) fn is_in_transaction<DB: sqlx::Database>(connection: &DB::Connection) -> bool {
    DB::TransactionManager::get_transaction_depth(connection) > 0
}

/// Returns whether a connection may go back to the pool: no transaction is open on it.
pub(super) async fn may_be_pooled_sqlite(
    connection: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    // After this, the rollback of a dropped transaction has been tried.
    in_time(connection.ping()).await?;
    Ok(end_sqlite(connection).await)
}

/// The same for PostgreSQL. A `begin` whose caller was dropped leaves a transaction that sqlx does not
/// count, but whose `now()` stands still. The time limit is for a connection that has gone silent: sqlx
/// pings it, too, but without a limit, and would keep its place for ever.
pub(super) async fn may_be_pooled_postgres(
    connection: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let row = in_time(connection.fetch_one("select now() = statement_timestamp()")).await?;
    row.try_get(0)
}
