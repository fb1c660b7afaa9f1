//! A small site behind a guardian, called without a port, on every database there is.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod browser;
// The starter's tests have the same need, and go where it goes.
#[path = "../../../server/tests/common/database.rs"]
mod database;
mod jar;
mod link;
#[path = "../../../server/tests/common/waiting.rs"]
mod lock;
mod log;
mod routes;
mod waiting;

pub use browser::{Answer, Browser, Stream};
pub use jar::Jar;
pub use link::{DELAY, Link, Weather};
pub use lock::count;
pub use log::Log;

use axum::Router;
use leptos_guardian::{
    Reason,
    server::{Builder, Database, Guardian, SignOutEvent, SigningKey, Transaction},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc::UnboundedSender};

/// A site and its database.
pub struct Site {
    pub guardian: Guardian,
    pub database: Database,
    /// Where the database is.
    pub url: String,
    pub router: Router,
    /// Seconds that the site's clock is ahead.
    pub ahead: Arc<AtomicI64>,
    /// Where `/slow` waits.
    pub slow: Arc<Slow>,
    key: SigningKey,
    folder: Option<TempDir>,
}

/// Another server of the site, on the same database.
pub struct Server {
    pub guardian: Guardian,
    pub router: Router,
}

/// Lets a test hold a request between the read of its session and its answer.
#[derive(Default)]
pub struct Slow {
    pub arrived: Notify,
    pub go_on: Notify,
}

impl Site {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// A site with settings of its own.
    pub async fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::reached_by(|url| url, configure).await
    }

    /// A site that reaches its database by another address than the test.
    pub async fn reached_by(
        address: impl FnOnce(String) -> String,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(&folder).await;
        let database = Database::connect(&address(url.clone())).await.unwrap();
        let site = Self::on(database, configure).await;
        Self {
            url,
            folder: Some(folder),
            ..site
        }
    }

    /// A site on a database that another one has made.
    pub async fn at(url: String, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let site = Self::on(Database::connect(&url).await.unwrap(), configure).await;
        Self { url, ..site }
    }

    /// A site on connections that the test has made.
    pub async fn on(database: Database, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let key = SigningKey::generate();
        let ahead = Arc::new(AtomicI64::new(0));
        let guardian = configure(builder(database.clone(), key.clone(), &ahead))
            .build()
            .await
            .unwrap();
        let slow = Arc::new(Slow::default());
        Self {
            router: guardian.protect(routes::routes(Arc::clone(&slow))),
            guardian,
            database,
            url: String::new(),
            ahead,
            slow,
            key,
            folder: None,
        }
    }

    /// Another server of the site, with connections of its own.
    pub async fn server(&self, configure: impl FnOnce(Builder) -> Builder) -> Server {
        self.server_reached_by(|url| url, configure).await
    }

    /// The same, which reaches the database by another address.
    pub async fn server_reached_by(
        &self,
        address: impl FnOnce(String) -> String,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Server {
        let database = Database::connect(&address(self.url.clone())).await.unwrap();
        self.server_on(database, configure).await
    }

    /// The same, on connections that the test has made.
    pub async fn server_on(
        &self,
        database: Database,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Server {
        let guardian = configure(builder(database, self.key.clone(), &self.ahead))
            .build()
            .await
            .unwrap();
        Server {
            router: guardian.protect(routes::routes(Arc::clone(&self.slow))),
            guardian,
        }
    }

    /// Moves the site's clock on.
    pub fn pass_time(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs() as i64, SeqCst);
    }

    /// Moves the site's clock by seconds, forth or back.
    pub fn move_clock(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, SeqCst);
    }

    /// The site's routes, unprotected.
    pub fn routes(&self) -> Router {
        routes::routes(Arc::clone(&self.slow))
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// A browser in which `user` has just signed in.
    pub async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(user).await;
        browser
    }

    /// Ends a user's sessions in a transaction that is not committed yet: whoever needs what it
    /// holds waits.
    pub async fn begin_sign_out(&self, user: &str) -> Transaction {
        let mut transaction = self.guardian.begin().await.unwrap();
        let ended = transaction.sign_out_user(user, Reason::Administrator);
        ended.await.unwrap();
        transaction
    }

    /// Every byte that somebody with a copy of the database has.
    pub async fn copy_of_database(&self) -> Vec<u8> {
        const TEXTS: &str =
            "select handle || token_hash || user_id || profile from guardian_session
            union all select id from tower_sessions";
        const DATA: &str = "select data from tower_sessions";
        match &self.database {
            Database::Sqlite(_) => self
                .files()
                .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
                .collect(),
            Database::Postgres(pool) => {
                let texts: Vec<String> = sqlx::query_scalar(TEXTS).fetch_all(pool).await.unwrap();
                let data: Vec<Vec<u8>> = sqlx::query_scalar(DATA).fetch_all(pool).await.unwrap();
                [texts.concat().into_bytes(), data.concat()].concat()
            }
        }
    }

    /// The files of the SQLite database.
    fn files(&self) -> std::fs::ReadDir {
        let folder = self.folder.as_ref().unwrap().path();
        std::fs::read_dir(folder.join("a/folder/to/make")).unwrap()
    }

    pub async fn execute(&self, sql: &str) {
        leptos_guardian::with_pool!(&self.database, pool => {
            sqlx::query(sql).execute(pool).await.unwrap();
        });
    }

    /// Adds sessions like the only one that there is, each with a handle, a user and an expiry
    /// in SQL, in which `i` counts them.
    pub async fn add_sessions(&self, count: i64, handle: &str, user_id: &str, expires_at: &str) {
        self.execute(&format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {count})
             insert into guardian_session (handle, token_hash, data_id, user_id, profile, method,
                 active, created_at, last_seen_at, expires_at)
             select {handle}, 'hash' || i, 'data' || i, {user_id}, profile, method,
                 active, created_at, last_seen_at, {expires_at} from n, guardian_session"
        ))
        .await;
    }

    pub async fn count(&self, table: &str) -> i64 {
        count(&self.database, table).await
    }
}

/// With a hook that tells the test of every event.
pub fn with_hook(builder: Builder, heard: &UnboundedSender<SignOutEvent>) -> Builder {
    let heard = heard.clone();
    builder.after_sign_out(move |event| {
        let heard = heard.clone();
        async move { Ok(heard.send(event)?) }
    })
}

/// A database that nothing has been written to.
pub struct FreshDatabase {
    pub address: String,
    _folder: TempDir,
}

pub async fn fresh_database() -> FreshDatabase {
    let folder = tempfile::tempdir().unwrap();
    FreshDatabase {
        address: database::fresh(&folder).await,
        _folder: folder,
    }
}

fn builder(database: Database, key: SigningKey, ahead: &Arc<AtomicI64>) -> Builder {
    let ahead = Arc::clone(ahead);
    Guardian::builder(database)
        .site_url("http://site.test")
        .key(key)
        .clock(move || {
            let now = SystemTime::now();
            let ahead = ahead.load(SeqCst);
            let seconds = Duration::from_secs(ahead.unsigned_abs());
            if ahead < 0 {
                now - seconds
            } else {
                now + seconds
            }
        })
}
