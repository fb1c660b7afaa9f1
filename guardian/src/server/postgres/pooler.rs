//! A connection pooler between the server and PostgreSQL, such as PgBouncer.
//!
//! In transaction mode, it runs each transaction on another of its connections. The library's locks
//! and settings last for one transaction, so that is harmless. PgBouncer keeps prepared statements from
//! version 1.21 on (`max_prepared_statements`); without that, they collide with other clients'.

use crate::server::time_limit::in_time;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

/// PostgreSQL's code for "prepared statement already exists"
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const DUPLICATE_STATEMENT: &str = "42P05";

/// sqlx's setting for unnamed statements. It sends such a statement first and runs it later, and a
/// pooler may change the connection between the two.
const STATEMENT_CACHE: &str = "statement-cache-capacity";

/// How often two connections are compared. Another client may take what one has just left.
const ROUNDS: usize = 5;

/// Returns whether prepared statements work: without a pooler, or behind one that keeps them.
///
/// # Errors
///
/// When the database cannot be reached.
pub(super) async fn keeps_statements(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    match is_pooled(options).await {
        Ok(is_pooled) => Ok(!is_pooled || has_statement_cache(options)),
        Err(cause) if is_duplicate_statement(&cause) => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// Returns whether one process of PostgreSQL runs transactions of two connections.
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
    // A failure to close them says nothing about the pooler.
    let _ = first.close().await;
    let _ = second.close().await;
    Ok(is_pooled)
}

/// Returns the id of the process that runs a statement.
async fn backend_of(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let backend = sqlx::query_scalar("select pg_backend_pid()");
    in_time(backend.fetch_one(connection)).await
}

fn is_duplicate_statement(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    code.as_deref() == Some(DUPLICATE_STATEMENT)
}

fn has_statement_cache(options: &PgConnectOptions) -> bool {
    let url = options.to_url_lossy();
    let found = url.query_pairs().find(|(name, _)| name == STATEMENT_CACHE);
    found.is_none_or(|(_, capacity)| capacity != "0")
}

#[cfg(test)]
mod tests {
    use super::{has_statement_cache, keeps_statements};

    /// An owner would look for a pooler that is not there.
    #[tokio::test]
    async fn a_database_that_cannot_be_reached_is_no_pooler() {
        let nobody = "postgres://ada@127.0.0.1:1/app".parse().unwrap();
        assert!(keeps_statements(&nobody).await.is_err());
    }

    #[test]
    fn only_an_url_without_prepared_statements_has_no_statement_cache() {
        for (query, expected) in [
            ("", true),
            ("?statement-cache-capacity=100", true),
            ("?sslmode=disable&statement-cache-capacity=10", true),
            ("?statement-cache-capacity=0", false),
            ("?sslmode=disable&statement-cache-capacity=0", false),
        ] {
            let url = format!("postgres://ada@db.example.com/app{query}");
            assert_eq!(
                has_statement_cache(&url.parse().unwrap()),
                expected,
                "{url}"
            );
        }
    }
}
