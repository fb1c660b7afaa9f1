//! The database: SQLite by default, PostgreSQL at scale.

use super::backend::Backend;
use crate::with_pool;
use sqlx::Pool;

/// A pool of connections to SQLite or PostgreSQL.
///
/// The app may use it for its own tables: [`with_pool!`](crate::with_pool) runs code on either kind.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::Database;
///
/// // The pool that the app has.
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let database = Database::Sqlite(pool.clone());
/// # Ok::<(), sqlx::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    /// A PostgreSQL server. The pool needs two connections at least.
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Database {
    /// Closes every connection. Statements fail from then on.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use leptos_guardian::{server::Database, with_pool};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// let database = Database::connect(&url).await?;
    /// database.close().await;
    /// assert!(with_pool!(&database, pool => pool.is_closed()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(&self) {
        with_pool!(self, pool => pool.close().await);
    }

    pub(crate) fn has_one_writer(&self) -> bool {
        with_pool!(self, pool => has_one_writer(pool))
    }

    /// Whether a connection is idle, or can be opened. So nobody waits for one.
    pub(crate) fn has_free_connection(&self) -> bool {
        with_pool!(self, pool => {
            pool.num_idle() > 0 || pool.size() < pool.options().get_max_connections()
        })
    }
}

const fn has_one_writer<DB: Backend>(_: &Pool<DB>) -> bool {
    DB::HAS_ONE_WRITER
}

/// Runs code on the pool of a [`Database`](crate::server::Database), whichever kind it is. The code
/// is compiled for each kind, so its SQL must be valid on each.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::{server::Database, with_pool};
///
/// let folder = tempfile::tempdir().unwrap();
/// let url = format!("sqlite://{}", folder.path().join("app.db").display());
/// let database = Database::connect(&url).await.unwrap();
/// let (two,): (i64,) = with_pool!(&database, pool => {
///     sqlx::query_as("select cast($1 as bigint) + 1").bind(1_i64).fetch_one(pool).await
/// })
/// .unwrap();
/// assert_eq!(two, 2);
/// # });
/// ```
#[macro_export]
macro_rules! with_pool {
    ($database:expr, $pool:ident => $code:expr) => {
        $crate::__match_database!($crate::server::Database, $database, $pool => $code)
    };
}
