//! `guardian_server`: the running servers and the fingerprints of their keys.

use super::{Registry, reading, writing};

/// Another server of the database.
#[derive(sqlx::FromRow)]
pub(crate) struct OtherServer {
    /// The fingerprints of its keys, separated by spaces.
    pub(crate) keys: String,
    pub(crate) seen_at: i64,
}

impl Registry {
    /// Records that a server runs, with these keys.
    pub(crate) async fn note_server(
        &self,
        id: &str,
        keys: &str,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        const NOTE: &str = "insert into guardian_server (id, keys, seen_at) values ($1, $2, $3)
            on conflict (id) do update set keys = excluded.keys, seen_at = excluded.seen_at";
        writing!(self, connection => {
            sqlx::query(NOTE).bind(id).bind(keys).bind(now).execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Returns the other servers.
    pub(crate) async fn other_servers(&self, id: &str) -> Result<Vec<OtherServer>, sqlx::Error> {
        const OTHERS: &str = "select keys, seen_at from guardian_server
            where id <> $1 order by id";
        reading!(self, connection => {
            sqlx::query_as(OTHERS).bind(id).fetch_all(&mut *connection).await
        })
    }

    /// Deletes a server that has stopped.
    pub(crate) async fn forget_server(&self, id: &str) -> Result<(), sqlx::Error> {
        const FORGET: &str = "delete from guardian_server where id = $1";
        writing!(self, connection => {
            sqlx::query(FORGET).bind(id).execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Deletes the servers that were last seen before a time.
    pub(crate) async fn delete_old_servers(&self, before: i64) -> Result<(), sqlx::Error> {
        const OLD: &str = "delete from guardian_server where seen_at < $1";
        writing!(self, connection => {
            sqlx::query(OLD).bind(before).execute(&mut *connection).await?;
            Ok(())
        })
    }
}
