//! Connecting to SQLite or PostgreSQL.

use super::Database;
use sqlx::pool::PoolOptions;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a request waits for a free connection. Long enough for a burst of writes, short enough
/// that a person still waits for the 503 of a stuck database.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// The first pause between two attempts to reach a database that is not there yet, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Connections per pool. SQLite reads in parallel and writes one at a time.
const CONNECTIONS: u32 = 8;

/// How a database URL starts.
const SCHEMES: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
    (true, false) => "sqlite: (or postgres:, with leptos-guardian's feature postgres)",
    (false, true) => "postgres: (or sqlite:, with leptos-guardian's feature sqlite)",
    _ => "sqlite: or postgres:",
};

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
    /// The URL's scheme is not that of a database that the app compiles.
    #[error(
        "the database URL must start with {}, but starts with {scheme:?}",
        SCHEMES
    )]
    UnknownScheme {
        /// What the URL starts with.
        scheme: String,
    },
    /// There is no such SQLite file.
    #[cfg(feature = "sqlite")]
    #[error("there is no database {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// The folder of the SQLite file could not be made.
    #[cfg(feature = "sqlite")]
    #[error("cannot create the folder {folder} for the database")]
    Folder {
        /// The folder.
        folder: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The database refused the connection, or did not respond.
    #[error("cannot connect to the database")]
    Refused(#[from] sqlx::Error),
    /// The database is behind a connection pooler that runs each transaction on another connection
    /// and forgets prepared statements.
    #[cfg(feature = "postgres")]
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
        Self::open(url, true).await
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
        Self::open(url, false).await
    }

    /// `may_create`: whether a missing SQLite file is created.
    async fn open(url: &str, may_create: bool) -> Result<Self, ConnectError> {
        match url.split(':').next() {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => super::sqlite::connect(url, may_create).await,
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => super::postgres::connect(url, may_create).await,
            // Only the part before the colon: the rest of a mistyped URL may hold a password.
            scheme => Err(ConnectError::UnknownScheme {
                scheme: scheme.unwrap_or_default().chars().take(16).collect(),
            }),
        }
    }
}

/// The settings of our own pools.
pub(super) fn pool_options<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
}

/// Returns whether a failure to connect may pass by itself.
fn may_pass(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(cause) => cause.is_transient_in_connect_phase(),
        _ => false,
    }
}
