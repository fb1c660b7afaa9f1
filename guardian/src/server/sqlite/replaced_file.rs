//! A database file that is replaced while the server runs, such as by a restored backup. A connection goes on
//! to read and write the old file, which no path leads to any more.

use crate::server::kept_connection::FileId;
use sqlx::sqlite::SqlitePoolOptions;
use std::{
    future::ready,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Makes a pool of the app's own notice that its SQLite file is another one, such as a restored backup: its
/// connections to the old file are closed when they are next asked for. [`Database::connect`] does it by itself.
///
/// It sets the pool's `after_connect` and `before_acquire`.
///
/// ```
/// use leptos_guardian::server::reopen_replaced_file;
/// use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
///
/// async fn connect() -> Result<SqlitePool, sqlx::Error> {
///     reopen_replaced_file(SqlitePoolOptions::new(), "app.db")
///         .connect("sqlite://app.db?mode=rwc")
///         .await
/// }
/// ```
///
/// [`Database::connect`]: crate::server::Database::connect
pub fn reopen_replaced_file(
    options: SqlitePoolOptions,
    file: impl Into<PathBuf>,
) -> SqlitePoolOptions {
    let path = file.into();
    // Not before the file is there.
    let watched = Arc::new(OnceLock::new());
    let at_first = watched.clone();
    options
        .after_connect(move |_, _| {
            at_first.get_or_init(|| WatchedFile::new(&path));
            Box::pin(ready(Ok(())))
        })
        .before_acquire(move |_, known| {
            let is_current = watched
                .get()
                .is_none_or(|file: &WatchedFile| file.is_open_since(known.age));
            Box::pin(ready(Ok(is_current)))
        })
}

/// Notices that a path leads to another file.
struct WatchedFile {
    path: PathBuf,
    last: Mutex<Last>,
}

struct Last {
    id: Option<FileId>,
    /// When the file was first seen to be another one.
    replaced_at: Option<Instant>,
}

impl WatchedFile {
    /// Watches a file that is open.
    fn new(path: &Path) -> Self {
        let last = Last {
            id: file_id(path),
            replaced_at: None,
        };
        Self {
            path: path.to_owned(),
            last: Mutex::new(last),
        }
    }

    /// Returns whether a connection of this age has the present file open.
    fn is_open_since(&self, age: Duration) -> bool {
        let id = file_id(&self.path);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if id != last.id {
            let path = self.path.display();
            tracing::warn!(%path, "the database's file is another one; the new one is opened");
            *last = Last {
                id,
                replaced_at: Some(Instant::now()),
            };
        }
        last.replaced_at.is_none_or(|at| age < at.elapsed())
    }
}

/// Returns `None` if there is no such file, or on a system without such numbers.
pub(super) fn file_id(path: &Path) -> Option<FileId> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let file = path.metadata().ok()?;
        Some((file.dev(), file.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
