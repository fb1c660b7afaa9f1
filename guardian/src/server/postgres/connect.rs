//! Connecting to PostgreSQL.

use super::pooler;
use crate::server::{ConnectError, Database, pool_options::pool_options, time_limit::in_time};
use sqlx::{Executor as _, PgConnection, Row as _, postgres::PgConnectOptions};
use std::str::FromStr as _;

/// Connects to a server. It creates no database, whether it may or not.
pub(in crate::server) async fn connect(
    url: &str,
    _may_create: bool,
) -> Result<Database, ConnectError> {
    let options = PgConnectOptions::from_str(url)?
        // For servers before version 12 only, and poolers refuse it.
        .extra_float_digits(None);
    // Not through the pool, which reports every failure as a timeout.
    if !pooler::keeps_statements(&options).await? {
        return Err(ConnectError::Pooler);
    }
    Ok(Database::Postgres(
        pool_options()
            .after_release(|connection, _| Box::pin(may_be_pooled(connection)))
            .connect_lazy_with(options),
    ))
}

/// Returns whether a connection may go back to the pool: no transaction is open on it. A `begin` whose
/// caller was dropped leaves a transaction that sqlx does not count, but whose `now()` stands still. The
/// time limit is for a connection that has gone silent: sqlx pings it, too, but without a limit, and
/// would keep its place for ever.
async fn may_be_pooled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = in_time(connection.fetch_one("select now() = statement_timestamp()")).await?;
    row.try_get(0)
}
