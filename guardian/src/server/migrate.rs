//! Updates tables version by version.

use super::{
    Database,
    backend::{BackendConnection as _, Patience},
    open_transaction::OpenTransaction,
};
use crate::with_connection;

/// Holds the version of each part of the schema.
const VERSIONS: &str = "create table if not exists guardian_schema (
    part text primary key,
    version bigint not null
)";

impl Database {
    /// Updates a part of the schema by `steps`. Each step is one or more statements, separated by
    /// semicolons and valid on both databases. Steps that ran before are skipped. All run in one
    /// transaction, and servers that start at the same time run them one after the other.
    ///
    /// Add steps only at the end, and only changes that a server of the previous version can work
    /// with, so that servers can be replaced one by one. A server that finds a newer schema leaves it
    /// alone. (sqlx's own migrations are recorded in one table per database, where a library's steps
    /// and an app's would collide.)
    ///
    /// # Errors
    ///
    /// When a statement fails; then nothing has changed.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use leptos_guardian::server::Database;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// # let database = Database::connect(&url).await?;
    /// const STEPS: [&str; 2] = [
    ///     "create table note (id text primary key, text text not null)",
    ///     "alter table note add column written_at bigint",
    /// ];
    /// database.migrate("notes", &STEPS).await?;
    /// # database.migrate("notes", &STEPS).await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn migrate(&self, part: &str, steps: &[&str]) -> Result<(), sqlx::Error> {
        const VERSION: &str = "select version from guardian_schema where part = $1";
        const UPDATED: &str = "insert into guardian_schema (part, version) values ($1, $2)
            on conflict (part) do update set version = excluded.version";
        let mut transaction = OpenTransaction::begin(self, Patience::Usual).await?;
        with_connection!(transaction.connection(), connection => {
            connection.lock_schema().await?;
            sqlx::query(VERSIONS).execute(&mut *connection).await?;
            let found: Option<i64> = sqlx::query_scalar(VERSION)
                .bind(part)
                .fetch_optional(&mut *connection)
                .await?;
            let version = usize::try_from(found.unwrap_or(0)).unwrap_or(0);
            if version > steps.len() {
                tracing::info!(part, version, known = steps.len(), "a newer server has updated the schema");
            }
            for step in steps.iter().skip(version) {
                sqlx::raw_sql(step).execute(&mut *connection).await?;
            }
            if version < steps.len() {
                tracing::info!(part, version = steps.len(), "the schema is updated");
                sqlx::query(UPDATED)
                    .bind(part)
                    .bind(steps.len() as i64)
                    .execute(&mut *connection)
                    .await?;
            }
        });
        transaction.commit().await?.release().await;
        Ok(())
    }
}
