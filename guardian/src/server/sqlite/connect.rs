//! Connecting to a SQLite file.

use super::{reopen_replaced_file, transaction::may_be_pooled};
use crate::server::{
    ConnectError, Database,
    pool_options::{PATIENCE, pool_options},
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
        // What a statement that fails half-way restores is kept in memory, and not in a file.
        .pragma("temp_store", "memory")
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
    // A file does not hang up, but it may be replaced.
    let pool = reopen_replaced_file(pool_options().test_before_acquire(false), file)
        .after_release(|connection, _| Box::pin(may_be_pooled(connection)));
    let start = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            // SQLite's busy timeout does not cover an empty file's change to WAL, which servers
            // that start at the same time all try.
            Err(cause) if is_busy(&cause) && start.elapsed() < PATIENCE => {
                sleep(BUSY_PAUSE).await;
            }
            connected => {
                let pool = connected?;
                let file = options.get_filename();
                // A file that is deleted later is not created again: without its tables, it would only hide
                // what has happened.
                if file.exists() {
                    pool.set_connect_options(options.clone().create_if_missing(false));
                }
                return Ok(Database::Sqlite(pool));
            }
        }
    }
}

/// Returns whether another process has locked the SQLite file.
fn is_busy(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    let code = code.and_then(|code| code.parse().ok());
    code.is_some_and(is_busy_code)
}

/// `SQLITE_BUSY` and its extended codes, which have it in their lowest byte
/// (<https://www.sqlite.org/rescode.html#pve>).
const fn is_busy_code(code: i32) -> bool {
    code & 0xff == 5
}

#[cfg(test)]
mod tests {
    use super::is_busy_code;

    #[test]
    fn all_codes_of_a_locked_file_are_known() {
        // SQLITE_BUSY, _RECOVERY, _SNAPSHOT, _TIMEOUT.
        for code in [5, 261, 517, 773] {
            assert!(is_busy_code(code), "{code}");
        }
        // SQLITE_ERROR, _LOCKED, _READONLY, _IOERR_SHORT_READ, _CONSTRAINT_UNIQUE.
        for code in [1, 6, 8, 522, 2067] {
            assert!(!is_busy_code(code), "{code}");
        }
    }
}
