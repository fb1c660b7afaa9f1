//! Rows of `guardian_session` as many people's sign-ins leave them, only sooner.

use leptos_guardian::{server::Database, with_pool};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Each user has so many sessions, far from each other in the table.
const PER_USER: usize = 3;
const STRIDE: usize = 7919;

/// How many different numbers users who sign in have.
const NUMBERS: u32 = 1_000_000;

/// SQLite's page cache while there are many rows to write, in KiB: with its 2 MB, each page of
/// an index would be written thousands of times.
const CACHE: u32 = 512 * 1024;

pub struct Sessions(Database);

impl Sessions {
    /// On connections of their own.
    pub fn new(database: Database) -> Self {
        Self(database)
    }

    /// Signs many people in.
    pub async fn fill(&self, sessions: usize) {
        let users = (sessions / PER_USER).max(1);
        let user = format!("'user-' || (i * {STRIDE} % {users})");
        let insert = self.insert(sessions, &user);
        match &self.0 {
            Database::Sqlite(pool) => {
                let mut connection = pool.acquire().await.expect("a connection");
                for sql in [
                    &format!("pragma cache_size = -{CACHE}"),
                    &insert,
                    "pragma wal_checkpoint(truncate)",
                ] {
                    let done = sqlx::raw_sql(sql).execute(&mut *connection).await;
                    done.expect(sql);
                }
                // Not one with such a cache in the pool.
                connection.close().await.expect("closed");
            }
            Database::Postgres(pool) => {
                // What it would do by itself, in the middle of a measurement.
                for sql in [&insert, "vacuum analyze guardian_session", "checkpoint"] {
                    sqlx::query(sql).execute(pool).await.expect(sql);
                }
            }
        }
    }

    /// Signs one user in, so many times. Answers who it is: never the same, and anywhere among
    /// the others.
    pub async fn sign_in(&self, sessions: usize) -> String {
        let number = rand::random_range(0..NUMBERS);
        let user = format!("user-{number}-{}", Uuid::now_v7().simple());
        self.execute(&self.insert(sessions, &format!("'{user}'")))
            .await;
        user
    }

    /// Removes what was written down of sign-outs.
    pub async fn forget_events(&self) {
        self.execute("delete from guardian_event").await;
    }

    pub async fn close(&self) {
        self.0.close().await;
    }

    async fn execute(&self, sql: &str) {
        with_pool!(&self.0, pool => {
            sqlx::query(sql).execute(pool).await.expect(sql);
        });
    }

    /// Inserts rows, for a user in SQL in which `i` counts them.
    fn insert(&self, rows: usize, user: &str) -> String {
        // As random and as long as in life.
        let random = match &self.0 {
            Database::Sqlite(_) => "hex(randomblob(11))",
            Database::Postgres(_) => "substr(md5(gen_random_uuid()::text), 1, 22)",
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.expect("a clock").as_secs();
        format!(
            "with recursive n (i) as (select cast(1 as bigint) union all select i + 1 from n where i < {rows})
             insert into guardian_session (handle, token_hash, data_id, user_id, profile, method,
                 active, user_agent, ip, created_at, last_seen_at, expires_at)
             select {random}, {random}, {random}, {user},
                 '{{\"name\":\"Ada Lovelace\",\"email\":\"ada@example.com\",\"picture\":null}}',
                 'password', 1,
                 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
                 '192.0.2.1', {now}, {now}, {now} + 86400 + i * {STRIDE} % 1000000
             from n"
        )
    }
}
