//! A connection pooler between the server and PostgreSQL, such as PgBouncer.
//!
//! In transaction mode it gives each transaction another of its connections. Locks and settings of
//! the library last for one transaction and notice nothing. Prepared statements are kept by PgBouncer
//! from version 1.21 on (`max_prepared_statements`); without, they meet those of other clients.

use super::{ConnectError, database::in_time};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

/// PostgreSQL's code for "prepared statement already exists"
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const DUPLICATE_STATEMENT: &str = "42P05";

/// sqlx's setting for statements without a name. It sends such a statement first and runs it later,
/// and between the two a pooler may change the connection.
const STATEMENT_CACHE: &str = "statement-cache-capacity";

/// How often two connections are compared. Another client may take what one has just left.
const ROUNDS: usize = 5;

/// Refuses a pooler behind which the library cannot work.
///
/// # Errors
///
/// [`ConnectError::Pooler`] for one in transaction mode that does not keep prepared statements,
/// [`ConnectError::Refused`] if there is no connection.
pub(super) async fn check(options: &PgConnectOptions) -> Result<(), ConnectError> {
    let is_pooled = is_pooled(options).await.map_err(|cause| {
        let code = cause.as_database_error().and_then(|cause| cause.code());
        if code.as_deref() == Some(DUPLICATE_STATEMENT) {
            ConnectError::Pooler
        } else {
            cause.into()
        }
    })?;
    if is_pooled && has_no_statement_cache(options) {
        return Err(ConnectError::Pooler);
    }
    Ok(())
}

/// Whether transactions of two connections are carried out by the same process of PostgreSQL.
pub(super) async fn is_pooled(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut first = in_time(options.connect()).await?;
    let mut second = in_time(options.connect()).await?;
    let mut is_pooled = false;
    for _ in 0..ROUNDS {
        is_pooled = backend_of(&mut first).await? == backend_of(&mut second).await?;
        if is_pooled {
            break;
        }
    }
    // Whether they are still there does not matter any more.
    let _ = first.close().await;
    let _ = second.close().await;
    Ok(is_pooled)
}

/// The process that has carried out a statement.
async fn backend_of(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let backend = sqlx::query_scalar("select pg_backend_pid()");
    in_time(backend.fetch_one(connection)).await
}

fn has_no_statement_cache(options: &PgConnectOptions) -> bool {
    let url = options.to_url_lossy();
    let found = url.query_pairs().find(|(name, _)| name == STATEMENT_CACHE);
    found.is_some_and(|(_, capacity)| capacity == "0")
}
