//! A database file that is replaced while the server runs, such as by a restored backup. A connection goes on
//! to read and write the old file, which no path leads to any more.

use crate::server::kept_connection::FileId;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Notices that a path leads to another file.
#[derive(Clone)]
pub(super) struct WatchedFile(Arc<Watched>);

struct Watched {
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
    pub(super) fn new(path: &Path) -> Self {
        let last = Last {
            id: file_id(path),
            replaced_at: None,
        };
        Self(Arc::new(Watched {
            path: path.to_owned(),
            last: Mutex::new(last),
        }))
    }

    /// Returns whether a connection of this age has the present file open.
    pub(super) fn is_open_since(&self, age: Duration) -> bool {
        let id = file_id(&self.0.path);
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if id != last.id {
            let path = self.0.path.display();
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
