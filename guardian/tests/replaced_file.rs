//! An SQLite file that is replaced while the server runs.

mod common;

use common::Site;
use http::StatusCode;
use leptos_guardian::{
    SignOutScope,
    server::{Database, reopen_replaced_file},
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

struct Files {
    _folder: TempDir,
    database: PathBuf,
    backup: PathBuf,
}

impl Files {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            database: folder.path().join("app.db"),
            backup: folder.path().join("backup.db"),
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.database.display())
    }

    /// A site on a pool of the library's.
    async fn site(&self) -> Site {
        Site::with_url(self.url(), |builder| builder).await
    }

    /// A site on a pool of the app's own.
    async fn site_on_own_pool(&self) -> Site {
        let options = SqliteConnectOptions::new().filename(&self.database);
        let pool = reopen_replaced_file(SqlitePoolOptions::new(), &self.database)
            .connect_with(options.create_if_missing(true))
            .await
            .unwrap();
        Site::on(Database::Sqlite(pool), |builder| builder).await
    }

    async fn back_up(&self, site: &Site) {
        site.execute(&format!("vacuum into '{}'", self.backup.display()))
            .await;
    }

    /// Restores the backup as SQLite wants it: without what belongs to the old file.
    fn restore(&self) {
        for rest in ["-wal", "-shm"] {
            let mut file = self.database.clone().into_os_string();
            file.push(rest);
            let _ = fs::remove_file(file);
        }
        fs::rename(&self.backup, &self.database).unwrap();
    }
}

#[tokio::test]
async fn sessions_are_those_of_the_restored_backup() {
    let files = Files::new();
    restore_a_backup(files.site().await, files).await;
    let files = Files::new();
    restore_a_backup(files.site_on_own_pool().await, files).await;
}

async fn restore_a_backup(site: Site, files: Files) {
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    bob.sign_out(SignOutScope::Local).await;
    files.back_up(&site).await;
    let mut eve = site.signed_in("eve").await;
    files.restore();
    assert_eq!(ada.whoami().await, "ada");
    assert_eq!(bob.whoami().await, "nobody");
    assert_eq!(eve.whoami().await, "nobody", "the backup does not know her");
    // What is written reaches the new file.
    ada.sign_out(SignOutScope::Local).await;
    assert_eq!(ada.whoami().await, "nobody");
    let restarted = files.site().await;
    assert_eq!(restarted.count("guardian_session").await, 0);
}

#[tokio::test]
async fn a_deleted_file_is_missed_and_not_created_again() {
    let files = Files::new();
    let site = files.site().await;
    let mut ada = site.signed_in("ada").await;
    files.back_up(&site).await;
    fs::remove_file(&files.database).unwrap();
    let response = ada.get("/whoami").await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!files.database.exists());
    files.restore();
    assert_eq!(ada.whoami().await, "ada", "it is back");
}
