//! Fresh databases for the measurements.

// Shared with the tests.
#[path = "../../../server/tests/common/database.rs"]
mod database;

use sqlx::Connection as _;
use tempfile::TempDir;

/// A kind of database. The report has a column for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// SQLite, and PostgreSQL if `TEST_POSTGRES_URL` names a server.
pub fn kinds() -> Vec<Kind> {
    let postgres = database::postgres_server().map(|_| Kind::Postgres);
    std::iter::once(Kind::Sqlite).chain(postgres).collect()
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// An empty database.
    pub async fn fresh(self) -> Fresh {
        let folder = TempDir::new().expect("a folder");
        let url = match self {
            Self::Sqlite => database::on_sqlite(&folder),
            Self::Postgres => {
                let server = database::postgres_server().expect("a PostgreSQL server");
                database::on_postgres(&server).await
            }
        };
        Fresh { url, folder }
    }
}

/// A fresh database.
pub struct Fresh {
    pub url: String,
    /// For SQLite's file, and for other files of the program under test.
    pub folder: TempDir,
}

impl Fresh {
    /// Drops the database from the PostgreSQL server, where a million sessions take space.
    pub async fn remove(self) {
        let Some(server) = database::postgres_server() else {
            return;
        };
        let Some(name) = self.url.strip_prefix(&format!("{server}/")) else {
            return;
        };
        let admin = sqlx::PgConnection::connect(&format!("{server}/postgres")).await;
        let mut admin = admin.expect("the PostgreSQL server");
        sqlx::query(&format!("drop database {name} with (force)"))
            .execute(&mut admin)
            .await
            .expect("the database is dropped");
    }
}
