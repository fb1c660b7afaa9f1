//! The cookies: their names and attributes. One place sets and removes them, so that a removal always
//! has the attributes of the cookie.

use super::{keyring::Keyring, planted::Places, token::TokenHash};
use crate::SessionHandle;
use cookie::{Cookie, SameSite, time};
use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;
use tower_sessions::session::Id;
use url::Url;

/// The browser's token.
pub(super) const SESSION: &str = "session";

/// The hashes of tokens whose sessions the server could not end: enough to end them on a retry, and
/// useless for signing in.
pub(super) const UNREVOKED: &str = "unrevoked";

/// Marks a pending sign-out: one that the page could not send to the server. While the cookie is set,
/// nobody counts as signed in on this browser, and the next page with a network sends the sign-out
/// again. Only the cookie's presence counts. An attacker who sets it can sign out this browser, and
/// no other.
pub(super) const PENDING_SIGN_OUT: &str = "pending_sign_out";

/// Names the session with which this browser is signed in, by its handle. The page's script notices by it
/// that somebody has signed in or out, however that happened, and then asks the server. It signs nobody
/// in, and the server does not read it.
pub(super) const MARKER: &str = "signed_in";

/// How many failed sign-outs a browser remembers: more than a day brings.
const MAX_UNREVOKED: usize = 4;

/// Separates two of them. It is not in the alphabet of base64.
pub(super) const SEPARATOR: char = '.';

/// How long a browser remembers them. A day outlives an outage, and the session itself expires later
/// anyway.
const UNREVOKED_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads and writes the library's cookies.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    pub(super) keyring: Keyring,
    is_secure: bool,
    /// Empty for the scheme's own port.
    port: String,
    pub(super) places: Places,
    max_age: Duration,
}

impl Cookies {
    /// Derives names and attributes from the site's URL: see [`cookie_name`]. Over https the cookies
    /// are also `Secure`.
    pub(crate) fn new(keyring: Keyring, site: &Url, max_age: Duration) -> Self {
        Self {
            keyring,
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
    pub(crate) fn set_session(&self, headers: &mut HeaderMap, id: &Id) {
        self.append(headers, SESSION, &id.to_string(), self.max_age);
    }

    pub(crate) fn remove_session(&self, headers: &mut HeaderMap) {
        self.remove(headers, SESSION);
    }

    /// Leaves the browser what a retry needs to end sessions.
    pub(crate) fn set_unrevoked(&self, headers: &mut HeaderMap, tokens: &[TokenHash]) {
        let tokens = tokens.iter().take(MAX_UNREVOKED).map(TokenHash::to_string);
        let value = tokens.collect::<Vec<_>>().join(&SEPARATOR.to_string());
        self.append(headers, UNREVOKED, &value, UNREVOKED_MAX_AGE);
    }

    pub(crate) fn remove_unrevoked(&self, headers: &mut HeaderMap) {
        self.remove(headers, UNREVOKED);
    }

    /// Removes the cookie that the page has set.
    pub(crate) fn remove_pending_sign_out(&self, headers: &mut HeaderMap) {
        self.remove(headers, PENDING_SIGN_OUT);
        // A script on another port may have set it, too.
        if let Some(removal) = Places::partitioned_removal(&self.name(PENDING_SIGN_OUT)) {
            headers.append(header::SET_COOKIE, removal);
        }
    }

    /// The name of the cookie that names the browser's session for the page's script.
    pub(crate) fn marker_name(&self) -> String {
        self.name(MARKER)
    }

    /// The cookie that the page's script sets for a pending sign-out. Browsers keep no cookie for longer
    /// than 400 days
    /// ([RFC 6265bis, section 5.5](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.5)).
    pub(crate) fn pending_sign_out(&self) -> String {
        let max_age = Duration::from_secs(400 * 24 * 60 * 60);
        let mut cookie = self.build(PENDING_SIGN_OUT, "1", max_age);
        cookie.set_http_only(false);
        cookie.to_string()
    }

    /// Makes the marker name the browser's session, unless it does.
    pub(crate) fn set_marker(
        &self,
        headers: &mut HeaderMap,
        presented: &[String],
        session: &SessionHandle,
    ) {
        if presented != [session.as_str()] {
            let mut marker = self.build(MARKER, session.as_str(), self.max_age);
            marker.set_http_only(false);
            push(headers, &marker);
        }
    }

    pub(crate) fn remove_marker(&self, headers: &mut HeaderMap) {
        let mut marker = self.build(MARKER, "", Duration::ZERO);
        marker.set_http_only(false);
        push(headers, &marker);
    }

    fn append(&self, headers: &mut HeaderMap, name: &str, value: &str, max_age: Duration) {
        let jar = self.keyring.sign(self.build(name, value, max_age));
        for cookie in jar.delta() {
            push(headers, cookie);
        }
    }

    fn remove(&self, headers: &mut HeaderMap, name: &str) {
        push(headers, &self.build(name, "", Duration::ZERO));
    }

    fn build(&self, name: &str, value: &str, max_age: Duration) -> Cookie<'static> {
        Cookie::build((self.name(name), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            // Lax, not Strict: a link in an e-mail should find the user signed in.
            .same_site(SameSite::Lax)
            .max_age(time::Duration::try_from(max_age).unwrap_or(time::Duration::MAX))
            .build()
    }
}

/// Returns the full name of a cookie. Over https, the prefix `__Host-` keeps other hosts and plain http
/// from setting it
/// ([RFC 6265bis, section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
/// Browsers send cookies to all ports of a host, so the port keeps two apps on one machine apart. It
/// is empty for the scheme's default port.
fn cookie_name(name: &str, is_secure: bool, port: &str) -> String {
    let prefix = if is_secure { "__Host-" } else { "" };
    let dash = if port.is_empty() { "" } else { "-" };
    format!("{prefix}{name}{dash}{port}")
}

fn push(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    match HeaderValue::from_str(&cookie.to_string()) {
        Ok(value) => {
            headers.append(header::SET_COOKIE, value);
        }
        Err(cause) => tracing::error!(%cause, "a cookie could not be written"),
    }
}
