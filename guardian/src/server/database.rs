//! The database: SQLite by default, PostgreSQL at scale, one SQL text for both.

use super::{connection::end_sqlite, pooler};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, Row as _, SqliteConnection, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{future::Future, io, path::Path, str::FromStr, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// How long a request waits for a free connection. Long enough for a burst of writes, short enough
/// that a stuck database answers 503 to a person who is still there.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a statement waits for SQLite's write lock. SQLite adds up how long it meant to sleep:
/// on a busy machine it takes longer, and is still to say so within [`TIME_LIMIT`].
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the library waits for one piece of work of the database. More than it takes to say
/// that no connection is free, and short enough for a person who waits for the answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The pauses between two tries to reach a database that is not there yet.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pause until an SQLite file that another server is preparing is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Connections per pool. SQLite reads in parallel and writes one at a time.
const CONNECTIONS: u32 = 8;

/// A pool of connections to SQLite or PostgreSQL.
///
/// The app may use it for its own tables; [`with_pool!`](crate::with_pool) runs one
/// piece of code on whichever pool it is.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::Database;
///
/// // The pool that the app has.
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let database = Database::Sqlite(pool.clone());
/// # Ok::<(), sqlx::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file.
    Sqlite(SqlitePool),
    /// A PostgreSQL server. The pool needs two connections at least.
    Postgres(PgPool),
}

/// Why [`Database::connect`] failed.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::Database;
///
/// let refused = Database::connect("mysql://localhost/app").await.unwrap_err();
/// assert!(refused.to_string().ends_with("but starts with \"mysql\""));
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL's scheme is neither of the two.
    #[error("the database URL must start with sqlite: or postgres:, but starts with {scheme:?}")]
    UnknownScheme {
        /// What the URL starts with.
        scheme: String,
    },
    /// There is no such SQLite file.
    #[error("there is no database {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// The folder of the SQLite file could not be made.
    #[error("cannot make the folder {folder} for the database: {cause}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The database refused, or did not answer.
    #[error("cannot connect to the database: {0}")]
    Refused(#[from] sqlx::Error),
    /// The database is behind a connection pooler that gives each transaction another connection
    /// and forgets prepared statements.
    #[error(
        "the database is behind a connection pooler in transaction mode that does not keep prepared statements. Use PgBouncer 1.21 or newer with max_prepared_statements = 200 and no statement-cache-capacity in the URL, or pool_mode = session, or connect without the pooler"
    )]
    Pooler,
    /// The database could not be reached in all the time that was given.
    #[error("the database could not be reached for {seconds} s; given up: {cause}")]
    Away {
        /// How long it was tried.
        seconds: u64,
        /// What happened at the last try.
        cause: sqlx::Error,
    },
}

impl Database {
    /// Connects to `sqlite://path/to/file.db` (relative to the working directory; the file and its
    /// folder are made when missing) or `postgres://user@host/name`.
    ///
    /// # Errors
    ///
    /// When the scheme is unknown, the folder cannot be made, or the database refuses.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use leptos_guardian::server::{ConnectError, Database};
    ///
    /// let refused = Database::connect("mysql://localhost/app").await;
    /// assert!(matches!(refused, Err(ConnectError::UnknownScheme { .. })));
    /// # });
    /// ```
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        match url.split(':').next() {
            Some("sqlite") => Self::connect_sqlite(url).await,
            Some("postgres" | "postgresql") => Self::connect_postgres(url).await,
            // Only what stands before the colon: the rest of a mistyped URL may hold a password.
            scheme => Err(ConnectError::UnknownScheme {
                scheme: scheme.unwrap_or_default().chars().take(16).collect(),
            }),
        }
    }

    /// Connects as [`connect`](Self::connect) does, and keeps trying while the database cannot be
    /// reached, as when both are being started. The log says so.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Away`] when it cannot be reached for all of `patience`; at once when more
    /// patience would not help.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use leptos_guardian::server::Database;
    /// use std::time::Duration;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// let database = Database::connect_within(&url, Duration::from_secs(60)).await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn connect_within(url: &str, patience: Duration) -> Result<Self, ConnectError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match Self::connect(url).await {
                Err(ConnectError::Refused(cause)) if may_pass(&cause) => {
                    if start.elapsed() + pause > patience {
                        let seconds = start.elapsed().as_secs();
                        return Err(ConnectError::Away { seconds, cause });
                    }
                    tracing::warn!(%cause, "the database cannot be reached; trying again");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    /// Connects to a database that must be there already, as [`connect`](Self::connect) does.
    ///
    /// # Errors
    ///
    /// When there is none, too.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use leptos_guardian::server::{ConnectError, Database};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// let refused = Database::connect_existing(&url).await;
    /// assert!(matches!(refused, Err(ConnectError::Missing { .. })));
    /// # });
    /// ```
    pub async fn connect_existing(url: &str) -> Result<Self, ConnectError> {
        if url.starts_with("sqlite:")
            && let Ok(options) = SqliteConnectOptions::from_str(url)
            && !options.get_filename().exists()
        {
            return Err(ConnectError::Missing {
                file: options.get_filename().display().to_string(),
            });
        }
        Self::connect(url).await
    }

    async fn connect_sqlite(url: &str) -> Result<Self, ConnectError> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            // Readers never wait for the writer, and a commit is one append. It is synced to the disk
            // where it must survive a power cut, in the library's transactions.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let folder = options.get_filename().parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(folder).map_err(|cause| ConnectError::Folder {
                folder: folder.display().to_string(),
                cause,
            })?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // A file does not hang up.
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(has_ended_sqlite(connection)));
        let start = Instant::now();
        loop {
            match pool.clone().connect_with(options.clone()).await {
                // SQLite's own patience does not cover an empty file's change to WAL, which
                // servers that start at once all try.
                Err(cause) if is_busy(&cause) && start.elapsed() < PATIENCE => {
                    sleep(BUSY_PAUSE).await;
                }
                connected => return Ok(Self::Sqlite(connected?)),
            }
        }
    }

    async fn connect_postgres(url: &str) -> Result<Self, ConnectError> {
        let options = PgConnectOptions::from_str(url)?
            // For servers before version 12 only, and poolers refuse it.
            .extra_float_digits(None);
        // Without the pool, which says no more of a failure than that it took too long.
        pooler::check(&options).await?;
        Ok(Self::Postgres(
            PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(PATIENCE)
                .after_release(|connection, _| Box::pin(has_ended_postgres(connection)))
                .connect_lazy_with(options),
        ))
    }

    /// Closes every connection. Statements fail from then on.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use leptos_guardian::{server::Database, with_pool};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// let database = Database::connect(&url).await?;
    /// database.close().await;
    /// assert!(with_pool!(&database, pool => pool.is_closed()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(&self) {
        crate::with_pool!(self, pool => pool.close().await);
    }
}

/// Whether no transaction is open on a connection that comes back to the pool.
async fn has_ended_sqlite(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // After this, the rollback of a transaction that was dropped has been tried.
    in_time(connection.ping()).await?;
    Ok(end_sqlite(connection).await)
}

/// The same for PostgreSQL. A `begin` that nobody waited for leaves a transaction that sqlx does not
/// count, but whose time stands still. A connection that has gone silent would keep its place for
/// ever: sqlx asks it, too, but without a limit.
async fn has_ended_postgres(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = in_time(connection.fetch_one("select now() = statement_timestamp()")).await?;
    row.try_get(0)
}

/// Whether somebody else has locked the SQLite file: `SQLITE_BUSY`, and its extended codes.
fn is_busy(cause: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    let code = cause.as_database_error().and_then(|cause| cause.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

/// Whether the failure to connect may pass by itself.
fn may_pass(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(cause) => cause.is_transient_in_connect_phase(),
        _ => false,
    }
}

/// Gives up on work of the database that takes too long, as on a network that swallows packets:
/// better no answer than one that never comes. Whether the work was done is then unknown; the
/// database may still be at it.
pub(crate) async fn in_time<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(TIME_LIMIT, work).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", TIME_LIMIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message).into())
    })
}

/// Runs one piece of code on the pool of a [`Database`](crate::server::Database), whichever
/// it is. The code is compiled for both, so its SQL must be valid on both.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::{server::Database, with_pool};
///
/// let folder = tempfile::tempdir().unwrap();
/// let url = format!("sqlite://{}", folder.path().join("app.db").display());
/// let database = Database::connect(&url).await.unwrap();
/// let (two,): (i64,) = with_pool!(&database, pool => {
///     sqlx::query_as("select cast($1 as bigint) + 1").bind(1_i64).fetch_one(pool).await
/// })
/// .unwrap();
/// assert_eq!(two, 2);
/// # });
/// ```
#[macro_export]
macro_rules! with_pool {
    ($database:expr, $pool:ident => $code:expr) => {
        match $database {
            $crate::server::Database::Sqlite($pool) => $code,
            $crate::server::Database::Postgres($pool) => $code,
        }
    };
}
