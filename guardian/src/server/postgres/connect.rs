//! Connecting to PostgreSQL.

use super::pooler;
use crate::server::{ConnectError, Database, pool_options::pool_options, time_limit::in_time};
use sqlx::{
    Connection as _, Executor as _, PgConnection, Row as _, pool::PoolConnectionMetadata,
    postgres::PgConnectOptions,
};
use std::{str::FromStr as _, time::Duration};

/// How long a connection is idle before it is tested.
const TESTED_AFTER: Duration = Duration::from_secs(1);

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
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(is_alive(connection, meta)))
            .after_release(|connection, _| Box::pin(may_be_pooled(connection)))
            .connect_lazy_with(options),
    ))
}

/// Tests a connection that has been idle. One that was used just now is probably alive, and a test costs as
/// much as a statement.
async fn is_alive(
    connection: &mut PgConnection,
    meta: PoolConnectionMetadata,
) -> Result<bool, sqlx::Error> {
    if meta.idle_for > TESTED_AFTER {
        in_time(connection.ping()).await?;
    }
    Ok(true)
}

/// Returns whether a connection may go back to the pool: no transaction is open on it. A `begin` whose
/// caller was dropped leaves a transaction that sqlx does not count, but whose `now()` stands still. The
/// time limit is for a connection that has gone silent: sqlx pings it, too, but without a limit, and
/// would keep its place for ever.
async fn may_be_pooled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = in_time(connection.fetch_one("select now() = statement_timestamp()")).await?;
    row.try_get(0)
}
