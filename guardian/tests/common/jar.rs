//! A browser that stores cookies by name, domain and path (RFC 6265bis), so that pages of other
//! ports and hosts can plant some.

use super::TestResponse;
use axum::{Router, body::Body};
use http::{Method, Request, header};
use std::cmp::Reverse;
use tower::ServiceExt as _;

/// A browser on one site, and its cookies.
#[derive(Clone)]
pub struct Jar {
    router: Router,
    host: String,
    is_secure: bool,
    cookies: Vec<Cookie>,
}

/// A cookie, and its place: everything but its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    /// `None` for a cookie of this host alone.
    pub domain: Option<String>,
    pub path: String,
    pub is_partitioned: bool,
}

impl Cookie {
    fn is_at_the_place_of(&self, other: &Self) -> bool {
        let place = |cookie: &Self| Self {
            value: String::new(),
            ..cookie.clone()
        };
        place(self) == place(other)
    }
}

impl Jar {
    pub fn new(router: &Router, site_url: &str) -> Self {
        let (scheme, host) = site_url.split_once("://").unwrap();
        Self {
            router: router.clone(),
            host: host.split(':').next().unwrap().to_owned(),
            is_secure: scheme == "https",
            cookies: Vec::new(),
        }
    }

    /// Sets a cookie as a page on another host or port does. Fails if browsers refuse it.
    pub fn plant(&mut self, set_cookie: &str) {
        assert!(self.store(set_cookie), "a browser refuses {set_cookie}");
    }

    /// Adds, replaces or removes a cookie. Returns `false` for one that browsers refuse.
    fn store(&mut self, set_cookie: &str) -> bool {
        let is_space = |c| c == ' ' || c == '\t';
        let mut parts = set_cookie
            .split(';')
            .map(|part| part.trim_matches(is_space));
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: None,
            path: "/".into(),
            is_partitioned: false,
        };
        let (mut is_secure, mut is_removal) = (false, false);
        for attribute in parts {
            match attribute.split_once('=').unwrap_or((attribute, "")) {
                ("Domain", domain) => cookie.domain = Some(domain.to_owned()),
                ("Path", path) => cookie.path = path.to_owned(),
                ("Secure", _) => is_secure = true,
                ("Partitioned", _) => cookie.is_partitioned = true,
                ("Max-Age", "0") => is_removal = true,
                _ => {}
            }
        }
        let is_wide = cookie.domain.is_some() || cookie.path != "/";
        if (name.starts_with("__Host-") && (is_wide || !is_secure))
            || (name.starts_with("__Secure-") && !is_secure)
            || (is_secure && !self.is_secure && self.host != "localhost")
        {
            return false;
        }
        let place = self
            .cookies
            .iter()
            .position(|stored| stored.is_at_the_place_of(&cookie));
        match (place, is_removal) {
            (Some(place), true) => drop(self.cookies.remove(place)),
            // The new cookie keeps the old one's creation time, which decides the order.
            (Some(place), false) => self.cookies[place] = cookie,
            (None, true) => {}
            (None, false) => self.cookies.push(cookie),
        }
        true
    }

    /// The cookies that are sent to a path, in this order: longer paths first, then older cookies.
    pub fn sent_to(&self, path: &str) -> Vec<&Cookie> {
        let is_for =
            |domain: &str| self.host == domain || self.host.ends_with(&format!(".{domain}"));
        let leads_to = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| {
                rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')
            })
        };
        let mut sent: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.domain.as_deref().is_none_or(is_for) && leads_to(&cookie.path))
            .collect();
        sent.sort_by_key(|cookie| Reverse(cookie.path.len()));
        sent
    }

    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    pub async fn get(&mut self, path: &str) -> TestResponse {
        self.send(Method::GET, path).await
    }

    pub async fn post(&mut self, path: &str) -> TestResponse {
        self.send(Method::POST, path).await
    }

    /// The id of the signed-in user, or "nobody".
    pub async fn whoami(&mut self) -> String {
        self.get("/whoami").await.body
    }

    async fn send(&mut self, method: Method, path: &str) -> TestResponse {
        let pairs: Vec<String> = self
            .sent_to(path)
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::COOKIE, pairs.join("; "))
            .body(Body::empty())
            .unwrap();
        let response =
            TestResponse::read(self.router.clone().oneshot(request).await.unwrap()).await;
        for set_cookie in response.all_set_cookies() {
            self.store(set_cookie);
        }
        response
    }
}
