//! A small site with the library, called without a port, on either database.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod app;
mod browser;
// Shared with the starter's tests.
#[path = "../../../server/tests/common/database.rs"]
mod database;
mod database_proxy;
mod jar;
#[path = "../../../server/tests/common/waiting.rs"]
mod lock_waits;
mod log;
mod routes;
mod waiting;

pub use app::App;
pub use browser::{Browser, EventStream, TestResponse};
pub use database_proxy::{DELAY, DatabaseProxy, Fault};
pub use jar::Jar;
pub use lock_waits::count;
pub use log::Log;
pub use waiting::until_transactions_end;

use axum::Router;
use http::StatusCode;
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
    /// The database's URL.
    pub url: String,
    pub router: Router,
    /// By how many seconds the site's clock is ahead.
    clock_offset: Arc<AtomicI64>,
    /// Where handlers such as `/slow/{word}` wait.
    pub pause: Arc<Pause>,
    key: SigningKey,
    folder: Option<TempDir>,
}

/// Another server of the site, on the same database.
pub struct Server {
    pub guardian: Guardian,
    pub router: Router,
}

/// Lets a test hold a request between the read of its session and its response.
#[derive(Default)]
pub struct Pause {
    pub reached: Notify,
    pub resume: Notify,
}

impl Pause {
    /// Waits in a handler until the test resumes it.
    pub async fn wait(&self) {
        self.reached.notify_one();
        self.resume.notified().await;
    }
}

impl Site {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// A site that also has the server functions.
    pub async fn with_api() -> Self {
        Self::new().await.add_api()
    }

    pub fn add_api(mut self) -> Self {
        let router = self.guardian.protect(self.routes());
        self.router = router.merge(self.guardian.api());
        self
    }

    pub async fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::through(|url| url, configure).await
    }

    /// A site that reaches its database through another URL than the test.
    pub async fn through(
        reroute: impl FnOnce(String) -> String,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(&folder).await;
        let database = Database::connect(&reroute(url.clone())).await.unwrap();
        let site = Self::on(database, configure).await;
        Self {
            url,
            folder: Some(folder),
            ..site
        }
    }

    /// A site on an existing database.
    pub async fn with_url(url: String, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let site = Self::on(Database::connect(&url).await.unwrap(), configure).await;
        Self { url, ..site }
    }

    /// A site on connections of the test.
    pub async fn on(database: Database, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let key = SigningKey::generate();
        let clock_offset = Arc::new(AtomicI64::new(0));
        let guardian = configure(builder(database.clone(), key.clone(), &clock_offset))
            .build()
            .await
            .unwrap();
        let pause = Arc::new(Pause::default());
        Self {
            router: guardian.protect(routes::routes(Arc::clone(&pause))),
            guardian,
            database,
            url: String::new(),
            clock_offset,
            pause,
            key,
            folder: None,
        }
    }

    /// Another server of the site, with its own connections.
    pub async fn server(&self, configure: impl FnOnce(Builder) -> Builder) -> Server {
        self.server_through(|url| url, configure).await
    }

    /// The same, but through another URL.
    pub async fn server_through(
        &self,
        reroute: impl FnOnce(String) -> String,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Server {
        let database = Database::connect(&reroute(self.url.clone())).await.unwrap();
        self.server_on(database, configure).await
    }

    /// The same, on connections of the test.
    pub async fn server_on(
        &self,
        database: Database,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Server {
        let guardian = configure(builder(database, self.key.clone(), &self.clock_offset))
            .build()
            .await
            .unwrap();
        Server {
            router: guardian.protect(routes::routes(Arc::clone(&self.pause))),
            guardian,
        }
    }

    /// Moves the site's clock forward.
    pub fn pass_time(&self, time: Duration) {
        self.move_clock(time.as_secs() as i64);
    }

    /// Moves the site's clock forward or back.
    pub fn move_clock(&self, seconds: i64) {
        self.clock_offset.fetch_add(seconds, SeqCst);
    }

    /// The site's time, in seconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap()
            .as_secs()
            .saturating_add_signed(self.clock_offset.load(SeqCst))
    }

    /// The site's routes, unprotected.
    pub fn routes(&self) -> Router {
        routes::routes(Arc::clone(&self.pause))
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// A client without cookies.
    pub fn app(&self) -> App {
        App::new(&self.router)
    }

    /// A client without cookies, with which the user has just signed in.
    pub async fn app_signed_in(&self, user: &str) -> App {
        let mut app = self.app();
        let response = app.post(&format!("/sign-in-app/{user}")).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        app
    }

    /// A browser in which the user has just signed in.
    pub async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(user).await;
        browser
    }

    /// Ends a user's sessions in a transaction that is not committed yet and holds its locks.
    pub async fn begin_sign_out(&self, user: &str) -> Transaction {
        let mut transaction = self.guardian.begin().await.unwrap();
        let ended = transaction.sign_out_user(user, Reason::Administrator);
        ended.await.unwrap();
        transaction
    }

    /// Every byte that a thief of the database gets.
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

    /// The files of a SQLite database.
    fn files(&self) -> std::fs::ReadDir {
        let folder = self.folder.as_ref().unwrap().path();
        std::fs::read_dir(folder.join("a/folder/to/make")).unwrap()
    }

    pub async fn execute(&self, sql: &str) {
        leptos_guardian::with_pool!(&self.database, pool => {
            sqlx::query(sql).execute(pool).await.unwrap();
        });
    }

    /// Adds copies of the only session. Handle, user and expiry are SQL, in which `i` counts the
    /// copies from 1.
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

/// Adds a hook that sends every event to the test.
pub fn with_hook(builder: Builder, sender: &UnboundedSender<SignOutEvent>) -> Builder {
    let sender = sender.clone();
    builder.after_sign_out(move |event| {
        let sender = sender.clone();
        async move { Ok(sender.send(event)?) }
    })
}

/// An empty database.
pub struct FreshDatabase {
    pub url: String,
    _folder: TempDir,
}

pub async fn fresh_database() -> FreshDatabase {
    let folder = tempfile::tempdir().unwrap();
    FreshDatabase {
        url: database::fresh(&folder).await,
        _folder: folder,
    }
}

fn builder(database: Database, key: SigningKey, clock_offset: &Arc<AtomicI64>) -> Builder {
    let clock_offset = Arc::clone(clock_offset);
    Guardian::builder(database)
        .site_url("http://site.test")
        .key(key)
        .clock(move || {
            let now = SystemTime::now();
            let seconds = clock_offset.load(SeqCst);
            let offset = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 {
                now - offset
            } else {
                now + offset
            }
        })
}
