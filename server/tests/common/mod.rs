//! The whole site, called without a port.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod database;
pub mod waiting;

use app::server::AppState;
use axum::{
    Extension, Router, body::Body, extract::ConnectInfo, response::Response, routing::post,
};
use http::{HeaderMap, Request, StatusCode, header, request::Builder as RequestBuilder};
use http_body_util::BodyExt as _;
use leptos_guardian::{
    Profile,
    server::{Auth, Builder, Database, Guardian, Identity},
};
use serde_json::Value;
use server::{
    config::{COOKIE_NAME, Config, configure},
    router::router,
};
use std::net::SocketAddr;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub const PASSWORD: &str = "correct horse battery";

/// Where a plain form leads that has signed somebody in: through a check that the browser has kept the cookie.
pub const CHECK: &str = "/guardian/signed-in?callback_url=%2Faccount";

pub struct Site {
    pub database: Database,
    pub guardian: Guardian,
    pub state: AppState,
    router: Router,
    folder: TempDir,
}

pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Site {
    pub async fn new() -> Self {
        Self::with_attempts("1000").await
    }

    pub async fn with_attempts(attempts_per_minute: &str) -> Self {
        Self::with_settings(&[("ATTEMPTS_PER_MINUTE", attempts_per_minute)]).await
    }

    pub async fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::with(settings, |builder| builder).await
    }

    pub async fn with(settings: &[(&str, &str)], change: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(&folder).await;
        let config = config(&url, settings);
        let database = Database::connect(&config.database_url).await.unwrap();
        let state = AppState::new(database.clone(), config.attempts_per_minute)
            .await
            .unwrap();
        let builder = change(configure(&config, database.clone()));
        let guardian = builder.build().await.unwrap();
        let client = SocketAddr::from(([192, 0, 2, 1], 4711));
        Self {
            database,
            router: router(&config, &guardian, state.clone()).layer(Extension(ConnectInfo(client))),
            guardian,
            state,
            folder,
        }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn send(&self, request: RequestBuilder, body: impl Into<Body>) -> TestResponse {
        let request = request.body(body.into()).unwrap();
        TestResponse::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> TestResponse {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.send(request, Body::empty()).await
    }

    /// As a script or a mobile app sends it.
    pub async fn post(&self, path: &str, cookie: &str, fields: impl AsRef<[u8]>) -> TestResponse {
        self.send(form(path, cookie), fields.as_ref().to_vec())
            .await
    }

    /// As a browser's form sends it.
    pub async fn submit(&self, path: &str, cookie: &str, fields: impl AsRef<[u8]>) -> TestResponse {
        let request = form(path, cookie)
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header(header::REFERER, "http://127.0.0.1:3000/some-page")
            .header("sec-fetch-site", "same-origin");
        self.send(request, fields.as_ref().to_vec()).await
    }

    /// Signs up, and returns the cookie to send.
    pub async fn sign_up(&self, email: &str) -> String {
        let fields = format!("name=Ada&email={email}&password={PASSWORD}");
        let response = self.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        response.cookie("session").unwrap()
    }

    /// Signs a user in without a password, because hashing one takes time. Returns the cookie.
    pub async fn sign_in(&self, user: &str) -> String {
        let identity = Identity::new(user, Profile::default()).method("test");
        let sign_in = post(async |auth: Auth| auth.sign_in(identity).await.unwrap());
        let door = self.guardian.protect(Router::new().route("/", sign_in));
        let request = Request::post("/").body(Body::empty()).unwrap();
        let response = TestResponse::read(door.oneshot(request).await.unwrap()).await;
        response.cookie("session").unwrap()
    }

    /// Adds copies of the only session, each a second older than the one before.
    pub async fn add_sessions(&self, count: u32) {
        let add = format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {count})
             insert into guardian_session (handle, token_hash, data_id, user_id, profile, method,
                 active, user_agent, ip, created_at, last_seen_at, expires_at)
             select 'handle' || i, 'hash' || i, 'data' || i, user_id, profile, method, active,
                 user_agent, ip, created_at - i, last_seen_at - i, expires_at
             from n, guardian_session"
        );
        leptos_guardian::with_pool!(&self.database, pool => {
            sqlx::query(&add).execute(pool).await.unwrap();
        });
    }

    pub async fn who_is(&self, cookie: &str) -> Value {
        self.post("/api/session", cookie, "").await.json()
    }
}

/// The configuration of a site with this database.
pub fn config(url: &str, settings: &[(&str, &str)]) -> Config {
    let settings = [
        settings,
        &[
            ("DATABASE_URL", url),
            (
                "SESSION_KEY",
                "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            ),
        ],
    ]
    .concat();
    Config::read(|name| {
        let found = settings.iter().find(|(setting, _)| *setting == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

fn form(path: &str, cookie: &str) -> RequestBuilder {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
}

impl TestResponse {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = if parts.headers.contains_key(header::CONTENT_ENCODING) {
            String::from_utf8_lossy(&body).into_owned()
        } else {
            String::from_utf8(body.into()).unwrap()
        };
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The error's name, from JSON.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// A cookie that the response sets, with its attributes. On <http://127.0.0.1:3000> the names end with
    /// the port.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let name = match name {
            "session" => COOKIE_NAME.to_owned(),
            "unrevoked" => format!("{COOKIE_NAME}_unrevoked"),
            app => app.to_owned(),
        };
        let name = format!("{name}-3000=");
        let mut cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.find_map(|cookie| cookie.to_str().ok().filter(|it| it.starts_with(&name)))
    }

    /// A cookie that the response sets, as a browser sends it back.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookie = self.set_cookie(name)?.split(';').next();
        cookie.map(str::to_owned)
    }
}
