//! Connecting to a SQLite file.

use super::transaction::may_be_pooled;
use crate::server::{
    ConnectError, Database,
    connect::{PATIENCE, pool_options},
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::{path::Path, str::FromStr as _, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a statement waits for SQLite's write lock. SQLite adds up the pauses that it asked for. On a
/// busy machine they take longer, and must still end within the
/// [time limit](crate::server::time_limit::in_time).
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause before an SQLite file that another server prepares is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Connects to a file, and creates it when it is missing and `may_create` is set.
pub(in crate::server) async fn connect(
    url: &str,
    may_create: bool,
) -> Result<Database, ConnectError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        // Readers never wait for the writer, and a commit is one append. Only the library's
        // transactions sync it to the disk, where it must survive a power cut.
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let file = options.get_filename();
    if !may_create && !file.exists() {
        return Err(ConnectError::Missing {
            file: file.display().to_string(),
        });
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).map_err(|source| ConnectError::Folder {
            folder: folder.display().to_string(),
            source,
        })?;
    }
    let pool = pool_options()
        // A file does not hang up.
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(may_be_pooled(connection)));
    let start = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            // SQLite's busy timeout does not cover an empty file's change to WAL, which servers
            // that start at the same time all try.
            Err(cause) if is_busy(&cause) && start.elapsed() < PATIENCE => {
                sleep(BUSY_PAUSE).await;
            }
            connected => return Ok(Database::Sqlite(connected?)),
        }
    }
}

/// Returns whether another process has locked the SQLite file: `SQLITE_BUSY` and its extended codes.
fn is_busy(cause: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    let code = cause.as_database_error().and_then(|cause| cause.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}
