//! Inserts the rows that many sign-ins would leave in `guardian_session`.

use leptos_guardian::{server::Database, with_pool};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The sessions of each user, and the distance between them in the table, in rows.
const PER_USER: usize = 3;
const STRIDE: usize = 7919;

/// The range of the random number in a new user's id.
const NUMBERS: u32 = 1_000_000;

/// SQLite's page cache during the inserts, in KiB. With the default of 2 MB, each page of an index
/// would be written thousands of times.
const CACHE_KIB: u32 = 512 * 1024;

pub struct Sessions(Database);

impl Sessions {
    pub fn new(database: Database) -> Self {
        Self(database)
    }

    /// Inserts the sessions of many users.
    pub async fn fill(&self, sessions: usize) {
        let users = (sessions / PER_USER).max(1);
        let user = format!("'user-' || (i * {STRIDE} % {users})");
        let insert = self.insert(sessions, &user);
        match &self.0 {
            Database::Sqlite(pool) => {
                let mut connection = pool.acquire().await.expect("a connection");
                for sql in [
                    &format!("pragma cache_size = -{CACHE_KIB}"),
                    &insert,
                    "pragma wal_checkpoint(truncate)",
                ] {
                    let done = sqlx::raw_sql(sql).execute(&mut *connection).await;
                    done.expect(sql);
                }
                // The pool must not keep a connection with this cache.
                connection.close().await.expect("closed");
            }
            Database::Postgres(pool) => {
                // Otherwise PostgreSQL would do this during a measurement.
                for sql in [&insert, "vacuum analyze guardian_session", "checkpoint"] {
                    sqlx::query(sql).execute(pool).await.expect(sql);
                }
            }
        }
    }

    /// Inserts this many sessions of a new user, and returns the user's id. Its place among the
    /// others is random.
    pub async fn sign_in(&self, sessions: usize) -> String {
        let number = rand::random_range(0..NUMBERS);
        let user = format!("user-{number}-{}", Uuid::now_v7().simple());
        self.execute(&self.insert(sessions, &format!("'{user}'")))
            .await;
        user
    }

    pub async fn delete_events(&self) {
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

    /// The statement that inserts rows. The user is SQL, in which `i` counts the rows.
    fn insert(&self, rows: usize, user: &str) -> String {
        // As random and as long as real values.
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
