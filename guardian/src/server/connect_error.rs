//! Why a connection failed.

/// How a database URL starts.
const SCHEMES: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
    (true, false) => "sqlite: (or postgres:, with leptos-guardian's feature postgres)",
    (false, true) => "postgres: (or sqlite:, with leptos-guardian's feature sqlite)",
    _ => "sqlite: or postgres:",
};

/// Why [`Database::connect`](super::Database::connect) failed.
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
