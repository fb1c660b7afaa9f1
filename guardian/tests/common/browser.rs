//! A browser as the site sees it.

use super::Server;
use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos_guardian::{
    Accounts, AuthError, SessionCursor, SessionInfo, SessionPage, SignOutNotice, SignOutScope,
};
use std::time::Duration;
use tower::ServiceExt as _;

/// A browser, which stores cookies and sends them.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookies: Vec<(String, String)>,
    /// The names of those that it forgets when it is closed.
    pub until_closed: Vec<String>,
}

impl Browser {
    pub fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: Vec::new(),
            until_closed: Vec::new(),
        }
    }

    /// The same browser, but its requests go to another server.
    pub fn on(&self, server: &Server) -> Self {
        Self {
            router: server.router.clone(),
            ..self.clone()
        }
    }

    /// The names of its cookies, without the marker.
    pub fn cookie_names(&self) -> Vec<&str> {
        let names = self.cookies.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !name.contains("signed_in")).collect()
    }

    pub async fn get(&mut self, path: &str) -> TestResponse {
        self.send(Request::builder().method(Method::GET).uri(path))
            .await
    }

    pub async fn post(&mut self, path: &str) -> TestResponse {
        self.send(Request::builder().method(Method::POST).uri(path))
            .await
    }

    pub async fn send(&mut self, request: http::request::Builder) -> TestResponse {
        self.send_with(request, "").await
    }

    /// Sends a request with a body.
    pub async fn send_with(&mut self, request: http::request::Builder, body: &str) -> TestResponse {
        let response = TestResponse::read(self.request(request, body).await).await;
        for cookie in response.all_set_cookies() {
            self.store_cookie(cookie);
        }
        response
    }

    async fn request(&self, request: http::request::Builder, body: &str) -> Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header(header::HOST, "site.test")
            .header(header::COOKIE, cookies.join("; "))
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Stores or removes a cookie of this host and of all paths, and ignores others. A
    /// [`Jar`](super::jar::Jar) stores those, too.
    fn store_cookie(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap();
        let attributes: Vec<&str> = attributes.split(';').map(str::trim).collect();
        let is_elsewhere =
            |attribute: &&str| attribute.starts_with("Domain=") || *attribute == "Partitioned";
        if attributes.iter().any(is_elsewhere) || !attributes.contains(&"Path=/") {
            return;
        }
        let (name, value) = pair.split_once('=').unwrap();
        self.cookies.retain(|(stored, _)| stored != name);
        self.until_closed.retain(|stored| stored != name);
        if !attributes
            .iter()
            .any(|attribute| attribute.starts_with("Max-Age="))
        {
            self.until_closed.push(name.into());
        }
        if !attributes.contains(&"Max-Age=0") {
            self.cookies.push((name.into(), value.into()));
        }
    }

    /// Closes and opens it again.
    pub fn restart(&mut self) {
        let forgotten = std::mem::take(&mut self.until_closed);
        self.cookies.retain(|(name, _)| !forgotten.contains(name));
    }

    /// Signs in until the browser is closed.
    pub async fn sign_in_until_closed(&mut self, user: &str) -> TestResponse {
        self.post(&format!("/sign-in-until-closed/{user}")).await
    }

    /// Signs in for some seconds.
    pub async fn sign_in_for(&mut self, user: &str, seconds: u64) -> TestResponse {
        self.post(&format!("/sign-in-for/{user}/{seconds}")).await
    }

    pub async fn sign_in(&mut self, user: &str) {
        let response = self.post(&format!("/sign-in/{user}")).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    }

    pub async fn sign_out(&mut self, scope: SignOutScope) -> TestResponse {
        self.post(&format!("/sign-out/{scope}")).await
    }

    /// The id of the signed-in user, or "nobody".
    pub async fn whoami(&mut self) -> String {
        self.get("/whoami").await.body
    }

    /// The first page of the user's list of sessions.
    pub async fn sessions(&mut self) -> Vec<SessionInfo> {
        self.session_page(None).await.sessions
    }

    pub async fn session_page(&mut self, after: Option<&SessionCursor>) -> SessionPage {
        let after = after.map(|after| format!("?after={after}"));
        let path = format!("/sessions{}", after.unwrap_or_default());
        let listed: Result<_, AuthError> = self.get(&path).await.json();
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

    pub async fn open_stream(&self) -> EventStream {
        let response = self.request(Request::get("/guardian/events"), "").await;
        EventStream {
            status: response.status(),
            body: response.into_body(),
        }
    }

    /// Opens a page of a signed-in user: a stream whose first event names the session.
    pub async fn open_page(&self) -> EventStream {
        let mut page = self.open_stream().await;
        let (event, _) = page.next().await.expect("nobody is signed in");
        assert_eq!(event, "session");
        page
    }
}

/// An open stream of server-sent events.
pub struct EventStream {
    pub status: StatusCode,
    body: Body,
}

impl EventStream {
    /// The next event's name and data, or `None` at the end of the stream, without those that say only that
    /// the stream lives. Fails if nothing comes within three seconds.
    pub async fn next(&mut self) -> Option<(String, String)> {
        self.next_within(Duration::from_secs(3)).await
    }

    async fn next_within(&mut self, limit: Duration) -> Option<(String, String)> {
        loop {
            let next = self.next_of_any_kind(limit).await;
            if next.as_ref().is_none_or(|(event, _)| event != "alive") {
                return next;
            }
        }
    }

    /// The next event of any kind, with a limit.
    pub async fn next_of_any_kind(&mut self, limit: Duration) -> Option<(String, String)> {
        let frame = tokio::time::timeout(limit, self.body.frame());
        let frame = frame.await.expect("nothing came")?.unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().into()).unwrap();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        Some((field("event:"), field("data:")))
    }

    /// The next sign-out. Fails if nothing comes within three seconds.
    pub async fn notice(&mut self) -> SignOutNotice {
        self.notice_within(Duration::from_secs(3)).await
    }

    /// The same, with another limit.
    pub async fn notice_within(&mut self, limit: Duration) -> SignOutNotice {
        let next = tokio::time::timeout(limit, self.next_within(limit));
        let (event, data) = next
            .await
            .expect("only signs of life came")
            .expect("the stream has ended");
        assert_eq!(event, "signed_out");
        serde_json::from_str(&data).unwrap()
    }
}

pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestResponse {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The cookies that it sets, without the marker, which follows the session and signs nobody in.
    pub fn set_cookies(&self) -> Vec<&str> {
        let mut cookies = self.all_set_cookies();
        cookies.retain(|cookie| !cookie.contains("signed_in"));
        cookies
    }

    pub fn all_set_cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().unwrap()).collect()
    }
}
