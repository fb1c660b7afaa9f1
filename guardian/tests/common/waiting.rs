//! Waits for what a test can observe, instead of letting time pass and hoping.

use super::{
    Site,
    lock_waits::{self, LIMIT, PAUSE, WAITING, count},
};
use leptos_guardian::server::Database;
use std::{future::Future, time::Duration};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};

/// The connections on which servers listen to PostgreSQL's notifications.
const LISTENING: &str = "pg_stat_activity
    where datname = current_database() and query like 'LISTEN%'";

/// The transactions of other connections, also those whose process is gone.
const OPEN: &str = "pg_stat_activity
    where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()";

/// Waits until no transaction stays open on PostgreSQL. Returns at once on SQLite, which does not say.
pub async fn until_transactions_end(database: &Database) {
    if let Database::Postgres(_) = database {
        let all = async {
            while count(database, OPEN).await > 0 {
                sleep(PAUSE).await;
            }
        };
        let all = timeout(Duration::from_secs(3), all).await;
        assert!(all.is_ok(), "one stays open");
    }
}

impl Site {
    /// Starts work that has to wait for what the test holds. Returns once the work waits.
    pub async fn start_waiting<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        lock_waits::start_waiting(&self.guardian, &self.database, work).await
    }

    /// Waits until this many connections wait for a PostgreSQL lock.
    pub async fn until_waiting(&self, connections: i64) {
        self.until_count(WAITING, connections).await;
    }

    /// Waits until the table has this many rows.
    pub async fn until_count(&self, table: &str, rows: i64) {
        let all = async {
            while self.count(table).await != rows {
                sleep(PAUSE).await;
            }
        };
        let all = timeout(LIMIT, all).await;
        assert!(all.is_ok(), "there are never {rows} {table}");
    }

    /// Waits until this many sign-ins and sign-outs wait for SQLite.
    pub async fn until_waiting_to_write(&self, writes: usize) {
        let all = async {
            while self.guardian.waiting_to_write() < writes {
                sleep(PAUSE).await;
            }
        };
        assert!(timeout(LIMIT, all).await.is_ok(), "they do not wait");
    }

    /// Waits until all reads and writes that have begun are done. The pool hands out connections in
    /// the order of the requests for them, so whoever gets all of them comes after earlier
    /// requests.
    pub async fn settle(&self) {
        // Woken tasks ask for their connections first.
        yield_now().await;
        leptos_guardian::with_pool!(&self.database, pool => {
            let mut all = Vec::new();
            for _ in 0..pool.options().get_max_connections() {
                all.push(pool.acquire().await.unwrap());
            }
        });
        yield_now().await;
    }

    /// Waits until this many servers listen to PostgreSQL. On SQLite none does.
    pub async fn until_listening(&self, servers: i64) {
        if let Database::Postgres(_) = &self.database {
            self.until_count(LISTENING, servers).await;
        }
    }

    /// Ends the connections on which this many servers listen to PostgreSQL. They reconnect, and
    /// read what they have missed. On SQLite they poll anyway.
    pub async fn disconnect_listeners(&self, servers: i64) {
        self.until_listening(servers).await;
        if let Database::Postgres(pool) = &self.database {
            let end = format!("select pg_terminate_backend(pid) from {LISTENING}");
            let ended: Vec<bool> = sqlx::query_scalar(&end).fetch_all(pool).await.unwrap();
            assert_eq!(ended, vec![true; servers as usize]);
        }
    }
}
