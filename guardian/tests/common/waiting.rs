//! Looks at what a test waits for, instead of letting time pass and hoping that it has happened.

use super::Site;
use leptos_guardian::server::Database;
use std::{future::Future, time::Duration};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Far longer than anything takes on a busy machine: then the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// The connections that wait for a lock of PostgreSQL, granted to another one.
const WAITING: &str = "pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'";

/// The connections on which PostgreSQL calls servers.
const LISTENING: &str = "pg_stat_activity
    where datname = current_database() and query like 'LISTEN%'";

impl Site {
    /// Starts work that has to wait for what the test holds, and returns when it is seen waiting.
    pub async fn start_waiting<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let before = self.waiting().await;
        let work = tokio::spawn(work);
        let waits = async {
            while self.waiting().await <= before {
                assert!(!work.is_finished(), "it did not wait");
                sleep(PAUSE).await;
            }
        };
        let waits = timeout(LIMIT, waits).await;
        assert!(waits.is_ok(), "it neither waits nor ends");
        work
    }

    /// How many wait for a lock of PostgreSQL, or for their turn to write to SQLite.
    async fn waiting(&self) -> i64 {
        match &self.database {
            Database::Sqlite(_) => self.guardian.waiting_for_turn() as i64,
            Database::Postgres(_) => self.count(WAITING).await,
        }
    }

    /// Waits until so many connections wait for a lock of PostgreSQL.
    pub async fn until_waiting(&self, connections: i64) {
        self.until(WAITING, connections).await;
    }

    /// Waits until there are so many rows.
    pub async fn until(&self, table: &str, rows: i64) {
        let all = async {
            while self.count(table).await != rows {
                sleep(PAUSE).await;
            }
        };
        let all = timeout(LIMIT, all).await;
        assert!(all.is_ok(), "there are never {rows} {table}");
    }

    /// Waits until all that has begun to read or write is done with it: connections are given in
    /// the order in which they were asked for, so when this has had all of them, the others that
    /// came before have gone on.
    pub async fn settle(&self) {
        // What has been woken asks first.
        yield_now().await;
        leptos_guardian::with_pool!(&self.database, pool => {
            let mut all = Vec::new();
            for _ in 0..pool.options().get_max_connections() {
                all.push(pool.acquire().await.unwrap());
            }
        });
        yield_now().await;
    }

    /// Waits until PostgreSQL calls so many servers. SQLite calls nobody.
    pub async fn until_called(&self, servers: i64) {
        if let Database::Postgres(_) = &self.database {
            self.until(LISTENING, servers).await;
        }
    }

    /// Ends the connections on which PostgreSQL calls so many servers: they make new ones, and
    /// look for what they have missed. On SQLite they look all the time.
    pub async fn end_calls(&self, servers: i64) {
        self.until_called(servers).await;
        if let Database::Postgres(pool) = &self.database {
            let end = format!("select pg_terminate_backend(pid) from {LISTENING}");
            let ended: Vec<bool> = sqlx::query_scalar(&end).fetch_all(pool).await.unwrap();
            assert_eq!(ended, vec![true; servers as usize]);
        }
    }
}
