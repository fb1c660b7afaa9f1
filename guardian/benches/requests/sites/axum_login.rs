//! axum-login with the same store and the same kind of database, set up as in its documentation,
//! with sqlx's default pools and our settings for SQLite.

use super::USERS;
use crate::common::Fresh;
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use axum_login::{
    AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend,
    tower_sessions::{SessionManagerLayer, SessionStore},
};
use sqlx::{
    PgPool, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::str::FromStr as _;
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

/// The users' table.
#[derive(Clone, Debug)]
enum Users {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct User {
    id: String,
    name: String,
    password_hash: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

const TABLE: &str = "create table if not exists bench_user (
    id text primary key,
    name text not null,
    password_hash text not null
)";
const BY_ID: &str = "select id, name, password_hash from bench_user where id = $1";
const INSERT: &str = "insert into bench_user (id, name, password_hash) values ($1, $1, 'hash')
    on conflict (id) do nothing";

macro_rules! on_pool {
    ($users:expr, $pool:ident => $code:expr) => {
        match $users {
            Users::Sqlite($pool) => $code,
            Users::Postgres($pool) => $code,
        }
    };
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = String;
    type Error = sqlx::Error;

    async fn authenticate(&self, id: String) -> Result<Option<User>, sqlx::Error> {
        self.get_user(&id).await
    }

    async fn get_user(&self, id: &String) -> Result<Option<User>, sqlx::Error> {
        on_pool!(self, pool => sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await)
    }
}

/// `syncs`: whether SQLite syncs each commit to the disk, as PostgreSQL does and as leptos-guardian's sign-ins
/// and sign-outs do.
pub async fn router(database: &Fresh, syncs: bool) -> Router {
    if database.url.starts_with("sqlite") {
        let options = SqliteConnectOptions::from_str(&database.url)
            .expect("the database's address")
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match syncs {
                true => SqliteSynchronous::Full,
                false => SqliteSynchronous::Normal,
            });
        let pool = SqlitePool::connect_with(options)
            .await
            .expect("the database");
        // Another table, because on SQLite the store's default one has leptos-guardian's index.
        let store = SqliteStore::new(pool.clone()).with_table_name("axum_login_session");
        let store = store.expect("a table's name");
        store.migrate().await.expect("the store's table");
        with_users(Users::Sqlite(pool), store).await
    } else {
        let pool = PgPool::connect(&database.url).await.expect("the database");
        let store = PostgresStore::new(pool.clone());
        store.migrate().await.expect("the store's table");
        with_users(Users::Postgres(pool), store).await
    }
}

async fn with_users(users: Users, store: impl SessionStore + Clone) -> Router {
    on_pool!(&users, pool => {
        sqlx::query(TABLE).execute(pool).await.expect("the users' table");
        for user in 0..USERS {
            let insert = sqlx::query(INSERT).bind(format!("user-{user}"));
            insert.execute(pool).await.expect("a user");
        }
    });
    let sessions = SessionManagerLayer::new(store).with_secure(false);
    Router::new()
        .route("/whoami", get(who_am_i))
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-out", post(sign_out))
        .layer(AuthManagerLayerBuilder::new(users, sessions).build())
}

async fn who_am_i(auth: AuthSession<Users>) -> String {
    auth.user.map_or_else(|| "nobody".into(), |user| user.name)
}

async fn sign_in(mut auth: AuthSession<Users>, Path(user): Path<String>) {
    let user = auth
        .authenticate(user)
        .await
        .expect("the users")
        .expect("a user");
    auth.login(&user).await.expect("signed in");
}

async fn sign_out(mut auth: AuthSession<Users>) {
    auth.logout().await.expect("signed out");
}
