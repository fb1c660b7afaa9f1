//! A fresh database per test.

use sqlx::Connection as _;
use tempfile::TempDir;

/// The URL of a fresh database: SQLite, or on the PostgreSQL server in `TEST_POSTGRES_URL` (a URL
/// without a database).
pub async fn fresh(folder: &TempDir) -> String {
    match postgres_server() {
        Some(server) => on_postgres(&server).await,
        None => on_sqlite(folder),
    }
}

pub fn postgres_server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok()
}

pub fn on_sqlite(folder: &TempDir) -> String {
    let file = folder.path().join("a/folder/to/make/test.db");
    format!("sqlite://{}", file.display())
}

pub async fn on_postgres(server: &str) -> String {
    let name = format!("test_{}", uuid::Uuid::now_v7().simple());
    let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    sqlx::query(&format!("create database {name}"))
        .execute(&mut admin)
        .await
        .unwrap();
    format!("{server}/{name}")
}
