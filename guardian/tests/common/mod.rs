//! A small site behind a guardian, called without a port, on every database there is.
#![allow(dead_code, reason = "each test file uses its part")]

mod database;

use axum::{
    Json, Router,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos_guardian::{
    Accounts, AuthError, ErrorStatus, Profile, Reason, SessionHandle, SessionInfo, SignOutNotice,
    SignOutOptions, SignOutScope,
    server::{Auth, Builder, Database, Guardian, Identity, SigningKey},
};
use serde::Serialize;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use tower_sessions::Session;

/// A site and its database.
pub struct Site {
    pub guardian: Guardian,
    pub database: Database,
    pub router: Router,
    /// Seconds that the site's clock is ahead.
    pub ahead: Arc<AtomicU64>,
    /// Where `/slow` waits.
    pub slow: Arc<Slow>,
    folder: TempDir,
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
        let folder = tempfile::tempdir().unwrap();
        let database = Database::connect(&database::fresh(&folder).await)
            .await
            .unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&ahead);
        let builder = Guardian::builder(database.clone())
            .site_url("http://site.test")
            .key(SigningKey::generate())
            .clock(move || SystemTime::now() + Duration::from_secs(clock.load(SeqCst)));
        let guardian = configure(builder).build().await.unwrap();
        let slow = Arc::new(Slow::default());
        Self {
            router: guardian.protect(routes(Arc::clone(&slow))),
            guardian,
            database,
            ahead,
            slow,
            folder,
        }
    }

    pub fn pass_time(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs(), SeqCst);
    }

    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: Vec::new(),
        }
    }

    /// A browser in which `user` has just signed in.
    pub async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(user).await;
        browser
    }

    /// Every byte that somebody with a copy of the database has.
    pub async fn copy_of_database(&self) -> Vec<u8> {
        const TEXTS: &str =
            "select handle || token_hash || user_id || profile from guardian_session
            union all select id from tower_sessions";
        const DATA: &str = "select data from tower_sessions";
        match &self.database {
            Database::Sqlite(_) => std::fs::read_dir(self.folder.path().join("a/folder/to/make"))
                .unwrap()
                .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
                .collect(),
            Database::Postgres(pool) => {
                let texts: Vec<String> = sqlx::query_scalar(TEXTS).fetch_all(pool).await.unwrap();
                let data: Vec<Vec<u8>> = sqlx::query_scalar(DATA).fetch_all(pool).await.unwrap();
                [texts.concat().into_bytes(), data.concat()].concat()
            }
        }
    }

    pub async fn execute(&self, sql: &str) {
        leptos_guardian::with_pool!(&self.database, pool => {
            sqlx::query(sql).execute(pool).await.unwrap();
        });
    }

    pub async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        leptos_guardian::with_pool!(&self.database, pool => {
            sqlx::query_scalar(&count).fetch_one(pool).await.unwrap()
        })
    }
}

fn routes(slow: Arc<Slow>) -> Router {
    Router::new()
        .route("/whoami", get(who_am_i))
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-out/{scope}", post(sign_out))
        .route("/remember/{word}", post(remember))
        .route("/recall", get(recall))
        .route("/sign-in-twice/{user}", post(sign_in_twice))
        .route("/sign-in-and-out/{user}", post(sign_in_and_out))
        .route("/switch-to/{user}", post(switch_to))
        .route("/sign-out-others", post(sign_out_others))
        .route(
            "/sign-out-session/{handle}",
            post(async |auth: Auth, Path(handle)| {
                sign_out_session(auth, Path((handle, SignOutScope::Local))).await
            }),
        )
        .route("/sign-out-session/{handle}/{scope}", post(sign_out_session))
        .route("/sessions", get(sessions))
        .route("/accounts", get(accounts))
        .route("/switch-account/{handle}", post(switch_account))
        .route("/data-id", get(data_id))
        .route("/slow-wait", {
            let slow = Arc::clone(&slow);
            get(move |auth: Auth| async move {
                slow.arrived.notify_one();
                slow.go_on.notified().await;
                auth.until_signed_out().await;
            })
        })
        .route("/wait", {
            let slow = Arc::clone(&slow);
            get(move |auth: Auth| async move {
                let signed_out = auth.until_signed_out();
                slow.arrived.notify_one();
                signed_out.await;
            })
        })
        .route("/slow-sign-out-others", {
            let slow = Arc::clone(&slow);
            post(move |auth: Auth| async move {
                slow.arrived.notify_one();
                slow.go_on.notified().await;
                sign_out_others(auth).await
            })
        })
        .route(
            "/slow/{word}",
            post(
                move |session: Session, Path(word): Path<String>| async move {
                    // The data is loaded now and saved after the wait.
                    session.insert("word", word).await.unwrap();
                    slow.arrived.notify_one();
                    slow.go_on.notified().await;
                },
            ),
        )
}

async fn who_am_i(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.id.clone())
}

fn identity(user: String) -> Identity {
    Identity {
        profile: Profile {
            name: user.clone(),
            ..Default::default()
        },
        user_id: user,
        method: "test".into(),
    }
}

async fn sign_in_twice(auth: Auth, Path(user): Path<String>) {
    auth.sign_in(identity(user.clone())).await.unwrap();
    auth.sign_in(identity(user)).await.unwrap();
}

async fn sign_in_and_out(auth: Auth, Path(user): Path<String>) {
    auth.sign_in(identity(user)).await.unwrap();
    auth.sign_out(SignOutOptions::default()).await.unwrap();
}

/// With the data of the first user already read.
async fn switch_to(auth: Auth, session: Session, Path(user): Path<String>) {
    let _: Option<String> = session.get("word").await.unwrap();
    auth.sign_out(SignOutOptions::default()).await.unwrap();
    auth.sign_in(identity(user)).await.unwrap();
}

async fn sign_out_others(auth: Auth) -> Response {
    answer(auth.sign_out_others(Reason::PasswordChange).await)
}

async fn sign_out_session(
    auth: Auth,
    Path((handle, scope)): Path<(String, SignOutScope)>,
) -> Response {
    let options = SignOutOptions {
        scope,
        session: Some(SessionHandle::from(handle.as_str())),
        ..Default::default()
    };
    answer(auth.sign_out(options).await)
}

async fn sessions(auth: Auth) -> Json<Result<Vec<SessionInfo>, AuthError>> {
    Json(auth.sessions().await)
}

async fn accounts(auth: Auth) -> Json<Result<Accounts, AuthError>> {
    Json(auth.accounts())
}

async fn switch_account(auth: Auth, Path(handle): Path<String>) -> Response {
    let handle = SessionHandle::from(handle.as_str());
    answer(auth.switch_account(&handle).await)
}

async fn data_id(session: Session) -> String {
    session.id().map(|id| id.to_string()).unwrap_or_default()
}

fn answer(outcome: Result<impl Serialize, impl ErrorStatus + Serialize>) -> Response {
    match outcome {
        Ok(done) => Json(done).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap();
            (status, Json(error)).into_response()
        }
    }
}

async fn sign_in(auth: Auth, Path(user): Path<String>) -> Response {
    answer(auth.sign_in(identity(user)).await)
}

async fn sign_out(auth: Auth, Path(scope): Path<SignOutScope>) -> Response {
    let options = SignOutOptions {
        scope,
        ..Default::default()
    };
    answer(auth.sign_out(options).await)
}

async fn remember(session: Session, Path(word): Path<String>) {
    session.insert("word", word).await.unwrap();
}

async fn recall(session: Session) -> String {
    let word: Option<String> = session.get("word").await.unwrap();
    word.unwrap_or_else(|| "nothing".into())
}

/// A browser: it keeps cookies and sends them.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookies: Vec<(String, String)>,
}

/// An open stream of events.
pub struct Stream {
    pub status: StatusCode,
    body: Body,
}

impl Stream {
    /// The next event's name and data; `None` at the end of the stream. Fails when nothing
    /// comes for three seconds.
    pub async fn next(&mut self) -> Option<(String, String)> {
        let frame = tokio::time::timeout(Duration::from_secs(3), self.body.frame());
        let frame = frame.await.expect("nothing came")?.unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().into()).unwrap();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        Some((field("event:"), field("data:")))
    }

    /// The next sign-out.
    pub async fn notice(&mut self) -> SignOutNotice {
        let (event, data) = self.next().await.expect("the stream has ended");
        assert_eq!(event, "signed_out");
        serde_json::from_str(&data).unwrap()
    }
}

/// What a browser got.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::builder().method(Method::GET).uri(path))
            .await
    }

    pub async fn post(&mut self, path: &str) -> Answer {
        self.send(Request::builder().method(Method::POST).uri(path))
            .await
    }

    pub async fn send(&mut self, request: http::request::Builder) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header(header::HOST, "site.test")
            .header(header::COOKIE, cookies.join("; "))
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        };
        for cookie in answer.set_cookies() {
            self.keep(cookie);
        }
        answer
    }

    /// Takes a `Set-Cookie` as a browser does.
    fn keep(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        self.cookies.retain(|(kept, _)| kept != name);
        if !attributes.contains("Max-Age=0") {
            self.cookies.push((name.into(), value.into()));
        }
    }

    pub async fn sign_in(&mut self, user: &str) {
        let answer = self.post(&format!("/sign-in/{user}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// The sessions of whoever is signed in, as the server lists them.
    pub async fn sessions(&mut self) -> Vec<SessionInfo> {
        let listed: Result<_, AuthError> = self.get("/sessions").await.json();
        listed.unwrap()
    }

    /// The accounts on this browser, the active one first.
    pub async fn accounts(&mut self) -> Vec<String> {
        let accounts: Result<Accounts, AuthError> = self.get("/accounts").await.json();
        accounts.map_or_else(
            |_| Vec::new(),
            |accounts| {
                let others = accounts.others.into_iter().map(|other| other.id);
                std::iter::once(accounts.active.id).chain(others).collect()
            },
        )
    }

    /// Opens the stream of events.
    pub async fn listen(&self) -> Stream {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::get("/guardian/events")
            .header(header::HOST, "site.test")
            .header(header::COOKIE, cookies.join("; "))
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        Stream {
            status: response.status(),
            body: response.into_body(),
        }
    }

    pub async fn sign_out(&mut self, scope: SignOutScope) -> Answer {
        self.post(&format!("/sign-out/{scope}")).await
    }

    /// Who the server takes this browser for.
    pub async fn is(&mut self) -> String {
        self.get("/whoami").await.body
    }
}
