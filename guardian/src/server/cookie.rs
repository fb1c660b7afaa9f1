//! The cookie: its name, its attributes, its signature. One place sets it and removes it,
//! so that what removes is what set.

use super::{cookie_header::cookie_values, key::SigningKey, planted::Places, token::TokenHash};
use crate::cookie_name::cookie_name;
use cookie::{Cookie, CookieJar, SameSite, time};
use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;
use tower_sessions::session::Id;
use url::Url;

/// The browser's token.
const SESSION: &str = "session";

/// The hashes of tokens whose sessions the server could not end: enough to end them on a
/// retry, useless for signing in.
const ENDING: &str = "ending_session";

/// Set by the page itself when it could not reach the server to sign out: from then on nobody
/// is shown as signed in on this browser. That it is there is all that counts; whoever can set it
/// can make a browser look signed out, and no more.
const LEAVING: &str = "signing_out";

/// How many tokens of one name are looked at: more than browsers keep cookies of a domain.
const MAX_TOKENS: usize = 256;

/// How many of them a browser remembers: each is one failed sign-out within a day.
const MAX_ENDING: usize = 4;

/// Between two of them. Not in the alphabet of base64.
const SEPARATOR: char = '.';

/// How long a browser remembers that a session is still to be ended. A day outlives an
/// outage; the session itself expires later anyway.
const ENDING_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads and writes the library's cookies.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    key: SigningKey,
    is_secure: bool,
    /// Empty when it is the scheme's own.
    port: String,
    places: Places,
    max_age: Duration,
}

/// What the request's cookies say. Malformed and unsigned ones say nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    /// The browser's token; `None` also when it cannot be told which one is.
    pub(crate) session: Option<Id>,
    /// The browser's token is among these: all are valid, and only one can be its own.
    pub(crate) contested: Vec<TokenHash>,
    /// What is still to be ended.
    pub(crate) ending: Vec<TokenHash>,
    /// The page has asked to sign out, and the server has not heard of it.
    pub(crate) is_leaving: bool,
    /// The names of cookies that may come from a place where this site sets none.
    planted: Vec<&'static str>,
}

impl Cookies {
    /// The names and attributes follow from the site's URL: see [`cookie_name`]. Over https the
    /// cookies are `Secure`, too.
    pub(crate) fn new(key: SigningKey, site: &Url, max_age: Duration) -> Self {
        Self {
            key,
            is_secure: site.scheme() == "https",
            port: site.port().map(|port| port.to_string()).unwrap_or_default(),
            places: Places::of(site),
            max_age,
        }
    }

    pub(crate) fn are_secure(&self) -> bool {
        self.is_secure
    }

    pub(crate) fn name(&self, name: &str) -> String {
        cookie_name(name, self.is_secure, &self.port)
    }

    pub(crate) fn session_name(&self) -> String {
        self.name(SESSION)
    }

    pub(crate) fn read(&self, headers: &HeaderMap) -> Presented {
        let mut presented = Presented {
            is_leaving: cookie_values(headers, &self.name(LEAVING)).next().is_some(),
            ..Default::default()
        };
        if presented.is_leaving {
            // It may be planted, and it may be the page's: no signature tells.
            presented.planted.push(LEAVING);
        }
        match *self.signed(headers, SESSION, |value| value.parse().ok()) {
            [] => {}
            [token] => presented.session = Some(token),
            ref several => {
                tracing::warn!(
                    count = several.len(),
                    "nobody is signed in by a request: it has several valid session cookies, and which one is the browser's own cannot be told. A page on another port or subdomain may have planted the others; the response removes them"
                );
                presented.contested = several.iter().map(TokenHash::of).collect();
                presented.planted.push(SESSION);
            }
        }
        let ending = self.signed(headers, ENDING, |value| Some(value.to_owned()));
        if ending.len() > 1 {
            presented.planted.push(ENDING);
        }
        let hashes = ending.iter().flat_map(|value| value.split(SEPARATOR));
        for hash in hashes.filter_map(TokenHash::parse).take(MAX_TOKENS) {
            if !presented.ending.contains(&hash) {
                presented.ending.push(hash);
            }
        }
        presented
    }

    /// The different values that we have signed, of all that come under one name.
    fn signed<T: PartialEq>(
        &self,
        headers: &HeaderMap,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let jar = CookieJar::new();
        let jar = jar.signed(&self.key.0);
        let mut found = Vec::new();
        for value in cookie_values(headers, &self.name(name)).take(MAX_TOKENS) {
            let verified = jar.verify(Cookie::new("", value.to_owned()));
            if let Some(value) = verified.and_then(|cookie| read(cookie.value()))
                && !found.contains(&value)
            {
                found.push(value);
            }
        }
        found
    }

    /// What removes cookies that the site has not set, from where a request for this path got
    /// them. Where the site sets its own nothing is removed: the next request has that one alone.
    pub(crate) fn remove_planted(&self, presented: &Presented, path: &str) -> Vec<HeaderValue> {
        let names: Vec<String> = presented
            .planted
            .iter()
            .map(|name| self.name(name))
            .collect();
        self.places.removals(&names, path)
    }

    /// Gives the browser a new token.
    pub(crate) fn set(&self, headers: &mut HeaderMap, id: &Id) {
        self.append(headers, SESSION, &id.to_string(), self.max_age);
    }

    /// Takes the token back.
    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        self.remove_one(headers, SESSION);
    }

    /// Forgets what was still to be ended.
    pub(crate) fn remove_ending(&self, headers: &mut HeaderMap) {
        self.remove_one(headers, ENDING);
    }

    /// Leaves what a retry needs to end sessions.
    pub(crate) fn set_ending(&self, headers: &mut HeaderMap, tokens: &[TokenHash]) {
        let tokens = tokens.iter().take(MAX_ENDING).map(TokenHash::to_string);
        let value = tokens.collect::<Vec<_>>().join(&SEPARATOR.to_string());
        self.append(headers, ENDING, &value, ENDING_MAX_AGE);
    }

    /// Forgets that the page has asked to sign out.
    pub(crate) fn remove_leaving(&self, headers: &mut HeaderMap) {
        self.remove_one(headers, LEAVING);
    }

    fn append(&self, headers: &mut HeaderMap, name: &str, value: &str, max_age: Duration) {
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key.0)
            .add(self.build(name, value, max_age));
        for cookie in jar.delta() {
            push(headers, cookie);
        }
    }

    fn remove_one(&self, headers: &mut HeaderMap, name: &str) {
        push(headers, &self.build(name, "", Duration::ZERO));
    }

    fn build(&self, name: &str, value: &str, max_age: Duration) -> Cookie<'static> {
        Cookie::build((self.name(name), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            // Lax, not Strict: a link from an e-mail should find the user signed in.
            .same_site(SameSite::Lax)
            .max_age(time::Duration::try_from(max_age).unwrap_or(time::Duration::MAX))
            .build()
    }
}

fn push(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    match HeaderValue::from_str(&cookie.to_string()) {
        Ok(value) => {
            headers.append(header::SET_COOKIE, value);
        }
        Err(cause) => tracing::error!(%cause, "a cookie could not be written"),
    }
}
