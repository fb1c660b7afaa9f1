//! The cookie: its name, its attributes, its signature. One place sets it and removes it,
//! so that what removes is what set.

use super::{key::SigningKey, token::TokenHash};
use cookie::{Cookie, CookieJar, SameSite, time};
use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;
use tower_sessions::session::Id;

/// The browser's token.
const SESSION: &str = "session";

/// The hashes of tokens whose sessions the server could not end: enough to end them on a
/// retry, useless for signing in.
const ENDING: &str = "ending_session";

/// Set by the page itself when it could not reach the server to sign out: from then on nobody
/// is shown as signed in on this browser. It holds the sign-out that is still to be sent, and
/// no secret; whoever can set it can make a browser look signed out, and no more.
const LEAVING: &str = "signing_out";

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
    secure: bool,
    max_age: Duration,
}

/// What the request's cookies say. Malformed and unsigned ones say nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    pub(crate) session: Option<Id>,
    /// What is still to be ended.
    pub(crate) ending: Vec<TokenHash>,
    /// The page has asked to sign out, and the server has not heard of it.
    pub(crate) is_leaving: bool,
}

impl Cookies {
    /// `secure` follows from the site's URL: over https the cookies are `Secure`, and their
    /// `__Host-` names keep other hosts and plain http from setting them.
    pub(crate) fn new(key: SigningKey, secure: bool, max_age: Duration) -> Self {
        Self {
            key,
            secure,
            max_age,
        }
    }

    pub(crate) fn are_secure(&self) -> bool {
        self.secure
    }

    fn name(&self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    pub(crate) fn read(&self, headers: &HeaderMap) -> Presented {
        let mut jar = CookieJar::new();
        for header in headers.get_all(header::COOKIE) {
            // Another cookie on this site may hold any bytes; ours are ASCII.
            let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
            for cookie in Cookie::split_parse(text).flatten() {
                jar.add_original(cookie);
            }
        }
        let verified = |name| {
            let cookie = jar.signed(&self.key.0).get(&self.name(name))?;
            Some(cookie.value().to_owned())
        };
        Presented {
            session: verified(SESSION).and_then(|value| value.parse().ok()),
            ending: verified(ENDING)
                .iter()
                .flat_map(|value| value.split(SEPARATOR))
                .filter_map(TokenHash::parse)
                .collect(),
            is_leaving: jar.get(&self.name(LEAVING)).is_some(),
        }
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
            .secure(self.secure)
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
