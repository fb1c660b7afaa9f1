//! The cookie: its name and its attributes. One place sets it and removes it, so that what removes
//! is what set.

use super::{key::SigningKey, planted::Places, token::TokenHash};
use crate::cookie_name::cookie_name;
use cookie::{Cookie, CookieJar, SameSite, time};
use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;
use tower_sessions::session::Id;
use url::Url;

/// The browser's token.
pub(super) const SESSION: &str = "session";

/// The hashes of tokens whose sessions the server could not end: enough to end them on a
/// retry, useless for signing in.
pub(super) const ENDING: &str = "ending_session";

/// Set by the page itself when it could not reach the server to sign out: from then on nobody
/// is shown as signed in on this browser. That it is there is all that counts; whoever can set it
/// can make a browser look signed out, and no more.
pub(super) const LEAVING: &str = "signing_out";

/// How many failed sign-outs a browser remembers: those of a day.
const MAX_ENDING: usize = 4;

/// Between two of them. Not in the alphabet of base64.
pub(super) const SEPARATOR: char = '.';

/// How long a browser remembers that a session is still to be ended. A day outlives an
/// outage; the session itself expires later anyway.
const ENDING_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads and writes the library's cookies.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    pub(super) key: SigningKey,
    is_secure: bool,
    /// Empty when it is the scheme's own.
    port: String,
    pub(super) places: Places,
    max_age: Duration,
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
        // A script on another port may have set it.
        if let Some(removal) = Places::partitioned_removal(&self.name(LEAVING)) {
            headers.append(header::SET_COOKIE, removal);
        }
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
