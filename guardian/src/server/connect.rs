//! Connecting to SQLite or PostgreSQL.

use super::{ConnectError, Database};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first pause between two attempts to reach a database that is not there yet, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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

/// Returns whether a failure to connect may pass by itself.
fn may_pass(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(cause) => cause.is_transient_in_connect_phase(),
        _ => false,
    }
}
