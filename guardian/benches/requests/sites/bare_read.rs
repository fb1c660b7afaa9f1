//! A handler that reads one row of leptos-guardian's table by a prepared statement, with the columns of the
//! session check, and nothing else: no cookie, no layer, and a pool that tests no connection.

use crate::common::Fresh;
use axum::{Router, extract::State, routing::get};
use leptos_guardian::{
    server::{Database, Guardian, SigningKey},
    with_pool,
};
use sqlx::{
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::str::FromStr as _;

const TOKEN: &str = "the-only-session-of-ada";

const INSERT: &str =
    "insert into guardian_session (handle, token_hash, data_id, user_id, profile, method,
    active, created_at, last_seen_at, expires_at)
    values ($1, $1, $1, 'ada', '{\"name\":\"Ada\",\"email\":\"ada@example.com\",\"picture\":null}',
    'password', 1, 0, 0, 9000000000)";

const READ: &str = "select user_id, token_hash, handle, profile, fields, created_at, last_seen_at,
    expires_at, idle_seconds, age_seconds, is_remembered, needs_still_open, proved_at, proof_method
    from guardian_session where token_hash = $1";

pub async fn router(database: &Fresh) -> Router {
    // They create the file and the table.
    let ours = Database::connect(&database.url)
        .await
        .expect("the database");
    Guardian::builder(ours)
        .site_url("http://127.0.0.1")
        .key(SigningKey::generate())
        .build()
        .await
        .expect("the guardian");
    let database = pool(&database.url).await;
    with_pool!(&database, pool => {
        sqlx::query(INSERT).bind(TOKEN).execute(pool).await.expect("a session");
    });
    Router::new()
        .route("/whoami", get(read))
        .with_state(database)
}

/// sqlx's own pool, with our settings for SQLite.
async fn pool(url: &str) -> Database {
    if url.starts_with("sqlite") {
        let options = SqliteConnectOptions::from_str(url).expect("the database's address");
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let pool = PoolOptions::new().test_before_acquire(false);
        Database::Sqlite(pool.connect_with(options).await.expect("the database"))
    } else {
        let pool = PoolOptions::new().test_before_acquire(false);
        Database::Postgres(pool.connect(url).await.expect("the database"))
    }
}

async fn read(State(database): State<Database>) -> String {
    with_pool!(&database, pool => {
        let row = sqlx::query_as::<_, (String,)>(READ).bind(TOKEN).fetch_one(pool);
        row.await.expect("the session").0
    })
}
