//! Connecting to SQLite or PostgreSQL.

use super::{
    Database, pooler,
    unfinished_transaction::{may_be_pooled_postgres, may_be_pooled_sqlite},
};
use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{io, path::Path, str::FromStr, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a request waits for a free connection. Long enough for a burst of writes, short enough
/// that a person still waits for the 503 of a stuck database.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a statement waits for SQLite's write lock. SQLite adds up the pauses that it asked for. On a
/// busy machine they take longer, and must still end within the
/// [time limit](super::time_limit::in_time).
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The first pause between two attempts to reach a database that is not there yet, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pause before an SQLite file that another server prepares is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Connections per pool. SQLite reads in parallel and writes one at a time.
const CONNECTIONS: u32 = 8;

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
#[non_exhaustive]
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
    #[error("cannot create the folder {folder} for the database")]
    Folder {
        /// The folder.
        folder: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// The database refused the connection, or did not respond.
    #[error("cannot connect to the database")]
    Refused(#[from] sqlx::Error),
    /// The database is behind a connection pooler that runs each transaction on another connection
    /// and forgets prepared statements.
    #[error(
        "the database is behind a connection pooler in transaction mode that does not keep prepared statements. Use PgBouncer 1.21 or newer with max_prepared_statements = 200 and no statement-cache-capacity in the URL, or pool_mode = session, or connect without the pooler"
    )]
    Pooler,
    /// The database could not be reached in the given time.
    #[error("the database could not be reached for {seconds} s; given up")]
    Away {
        /// How long the attempts took.
        seconds: u64,
        /// The last attempt's error.
        source: sqlx::Error,
    },
}

impl Database {
    /// Connects to `sqlite://path/to/file.db` (relative to the working directory; a missing file or
    /// folder is created) or `postgres://user@host/name`.
    ///
    /// # Errors
    ///
    /// When the scheme is unknown, the folder cannot be created, or the database refuses.
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
            // Only the part before the colon: the rest of a mistyped URL may hold a password.
            scheme => Err(ConnectError::UnknownScheme {
                scheme: scheme.unwrap_or_default().chars().take(16).collect(),
            }),
        }
    }

    /// Connects as [`connect`](Self::connect) does, and retries while the database cannot be reached,
    /// for example while both are being started. The log says so.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Away`] when it cannot be reached within `patience`; other errors at once,
    /// when waiting would not help.
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
                Err(ConnectError::Refused(source)) if may_pass(&source) => {
                    if start.elapsed() + pause > patience {
                        let seconds = start.elapsed().as_secs();
                        return Err(ConnectError::Away { seconds, source });
                    }
                    tracing::warn!(cause = %source, "the database cannot be reached; trying again");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    /// Connects as [`connect`](Self::connect) does, but creates no database.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`ConnectError::Missing`] when there is no such file.
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
            // Readers never wait for the writer, and a commit is one append. Only the library's
            // transactions sync it to the disk, where it must survive a power cut.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let folder = options.get_filename().parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(folder).map_err(|source| ConnectError::Folder {
                folder: folder.display().to_string(),
                source,
            })?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // A file does not hang up.
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(may_be_pooled_sqlite(connection)));
        let start = Instant::now();
        loop {
            match pool.clone().connect_with(options.clone()).await {
                // SQLite's busy timeout does not cover an empty file's change to WAL, which servers
                // that start at the same time all try.
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
        // Not through the pool, which reports every failure as a timeout.
        if !pooler::keeps_statements(&options).await? {
            return Err(ConnectError::Pooler);
        }
        Ok(Self::Postgres(
            PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(PATIENCE)
                .after_release(|connection, _| Box::pin(may_be_pooled_postgres(connection)))
                .connect_lazy_with(options),
        ))
    }
}

/// Returns whether another process has locked the SQLite file: `SQLITE_BUSY` and its extended codes.
fn is_busy(cause: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    let code = cause.as_database_error().and_then(|cause| cause.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

/// Returns whether a failure to connect may pass by itself.
fn may_pass(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(cause) => cause.is_transient_in_connect_phase(),
        _ => false,
    }
}
