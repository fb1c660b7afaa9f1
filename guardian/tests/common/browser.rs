//! A browser as the site sees one.

use super::Server;
use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos_guardian::{
    Accounts, AuthError, SessionCursor, SessionInfo, SessionPage, SignOutNotice, SignOutScope,
};
use std::time::Duration;
use tower::ServiceExt as _;

/// A browser: it keeps cookies and sends them.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    pub fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: Vec::new(),
        }
    }

    /// The same browser, led to another server.
    pub fn on(&self, server: &Server) -> Self {
        Self {
            router: server.router.clone(),
            ..self.clone()
        }
    }
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
        self.next_within(Duration::from_secs(3)).await
    }

    /// The next event, when it may take longer. A keep-alive has neither name nor data.
    pub async fn next_within(&mut self, limit: Duration) -> Option<(String, String)> {
        let frame = tokio::time::timeout(limit, self.body.frame());
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
        self.notice_within(Duration::from_secs(3)).await
    }

    /// The next sign-out, when it may take longer. Keep-alives do not count.
    pub async fn notice_within(&mut self, limit: Duration) -> SignOutNotice {
        let (event, data) = loop {
            let next = self.next_within(limit).await.expect("the stream has ended");
            if !next.0.is_empty() {
                break next;
            }
        };
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
        let answer = Answer::read(self.request(request).await).await;
        for cookie in answer.set_cookies() {
            self.keep(cookie);
        }
        answer
    }

    async fn request(&self, request: http::request::Builder) -> Response {
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
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Takes a `Set-Cookie` as a browser does that has cookies of this host and for all paths
    /// only. A [`Jar`](super::jar::Jar) has others, too.
    fn keep(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap();
        let attributes: Vec<&str> = attributes.split(';').map(str::trim).collect();
        let is_elsewhere =
            |attribute: &&str| attribute.starts_with("Domain=") || *attribute == "Partitioned";
        if attributes.iter().any(is_elsewhere) || !attributes.contains(&"Path=/") {
            return;
        }
        let (name, value) = pair.split_once('=').unwrap();
        self.cookies.retain(|(kept, _)| kept != name);
        if !attributes.contains(&"Max-Age=0") {
            self.cookies.push((name.into(), value.into()));
        }
    }

    pub async fn sign_in(&mut self, user: &str) {
        let answer = self.post(&format!("/sign-in/{user}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// The sessions of whoever is signed in, as the server lists them: its first page.
    pub async fn sessions(&mut self) -> Vec<SessionInfo> {
        self.session_page(None).await.sessions
    }

    /// One page of that list.
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

    /// Opens the stream of events.
    pub async fn listen(&self) -> Stream {
        let response = self.request(Request::get("/guardian/events")).await;
        Stream {
            status: response.status(),
            body: response.into_body(),
        }
    }

    /// Opens a page that hears what happens to its session.
    pub async fn open_page(&self) -> Stream {
        let mut page = self.listen().await;
        let (event, _) = page.next().await.expect("nobody is signed in");
        assert_eq!(event, "session");
        page
    }

    pub async fn sign_out(&mut self, scope: SignOutScope) -> Answer {
        self.post(&format!("/sign-out/{scope}")).await
    }

    /// Who the server takes this browser for.
    pub async fn is(&mut self) -> String {
        self.get("/whoami").await.body
    }
}
