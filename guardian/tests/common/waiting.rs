//! Looks at what a test waits for, instead of letting time pass and hoping that it has happened.

use super::{
    Site,
    lock::{self, LIMIT, PAUSE, WAITING},
};
use leptos_guardian::server::Database;
use std::future::Future;
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};

/// The connections on which PostgreSQL calls servers.
const LISTENING: &str = "pg_stat_activity
    where datname = current_database() and query like 'LISTEN%'";

impl Site {
    /// Starts work that has to wait for what the test holds, and returns when it is seen waiting.
    pub async fn start_waiting<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        lock::start_waiting(&self.guardian, &self.database, work).await
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
