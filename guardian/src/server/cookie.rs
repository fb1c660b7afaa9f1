//! The cookies: their names and attributes. One place sets and removes them, so that a removal always
//! has the attributes of the cookie.

use super::{
    cookie_place::{CookiePlace, SameSite},
    keyring::Keyring,
    lifetime::TokenLifetime,
    planted::Places,
    token::TokenHash,
};
use crate::SessionHandle;
use cookie::{Cookie, time};
use http::{HeaderMap, HeaderValue, header};
use std::{collections::BTreeMap, time::Duration};
use tower_sessions::session::Id;
use url::Url;

// What the names end with: see `CookiePlace::name`.

/// The browser's token.
pub(super) const SESSION: &str = "";

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

/// Shows that the browser has not been closed since it got its token: this cookie has no `Max-Age`, and
/// holds the token's hash. A browser has it if it keeps the token for a remembered account, and has another
/// account that is not remembered.
pub(super) const STILL_OPEN: &str = "still_open";

/// Distinguishes its value from that of [`UNREVOKED`].
pub(super) const STILL_OPEN_PREFIX: &str = "open.";

/// All but the session's.
pub(super) const OTHERS: [&str; 4] = [UNREVOKED, PENDING_SIGN_OUT, MARKER, STILL_OPEN];

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
    /// Their full names, by what these end with.
    names: BTreeMap<&'static str, String>,
    pub(super) keyring: Keyring,
    pub(super) place: CookiePlace,
    pub(super) places: Places,
}

impl Cookies {
    pub(crate) fn new(keyring: Keyring, site: &Url, place: CookiePlace) -> Self {
        let suffixes = OTHERS.into_iter().chain([SESSION]);
        Self {
            names: suffixes
                .map(|suffix| (suffix, place.name(suffix)))
                .collect(),
            keyring,
            places: Places::of(site, &place),
            place,
        }
    }

    pub(crate) fn are_secure(&self) -> bool {
        self.place.is_secure
    }

    pub(super) fn name(&self, suffix: &str) -> &str {
        &self.names[suffix]
    }

    /// The full name of one of the app's cookies; `None` if the library has a cookie of that name.
    pub(crate) fn app_name(&self, name: &str) -> Option<String> {
        let name = self.place.app_name(name);
        let mut own = OTHERS.iter().chain([&SESSION]);
        own.all(|suffix| self.name(suffix) != name).then_some(name)
    }

    /// Whether browsers send the cookies with requests to a path.
    pub(crate) fn reach(&self, path: &str) -> bool {
        self.place.reaches(path)
    }

    pub(crate) fn session_name(&self) -> &str {
        self.name(SESSION)
    }

    /// Gives the browser a token.
    pub(crate) fn set_session(&self, headers: &mut HeaderMap, id: &Id, lifetime: TokenLifetime) {
        self.append(headers, SESSION, &id.to_string(), lifetime.max_age);
        if lifetime.is_mixed {
            let value = format!("{STILL_OPEN_PREFIX}{}", TokenHash::of(id));
            self.append(headers, STILL_OPEN, &value, None);
        }
    }

    pub(crate) fn remove_session(&self, headers: &mut HeaderMap) {
        self.remove(headers, SESSION);
    }

    pub(crate) fn remove_still_open(&self, headers: &mut HeaderMap) {
        self.remove(headers, STILL_OPEN);
    }

    /// Leaves the browser what a retry needs to end sessions.
    pub(crate) fn set_unrevoked(&self, headers: &mut HeaderMap, tokens: &[TokenHash]) {
        let tokens = tokens.iter().take(MAX_UNREVOKED).map(TokenHash::to_string);
        let value = tokens.collect::<Vec<_>>().join(&SEPARATOR.to_string());
        self.append(headers, UNREVOKED, &value, Some(UNREVOKED_MAX_AGE));
    }

    pub(crate) fn remove_unrevoked(&self, headers: &mut HeaderMap) {
        self.remove(headers, UNREVOKED);
    }

    /// Removes the cookie that the page has set.
    pub(crate) fn remove_pending_sign_out(&self, headers: &mut HeaderMap) {
        self.remove(headers, PENDING_SIGN_OUT);
        // A script on another port may have set it, too.
        if let Some(removal) = self.places.twin_removal(self.name(PENDING_SIGN_OUT)) {
            headers.append(header::SET_COOKIE, removal);
        }
    }

    /// The name of the cookie that names the browser's session for the page's script.
    pub(crate) fn marker_name(&self) -> &str {
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
        max_age: Option<Duration>,
    ) {
        if presented != [session.as_str()] {
            let mut marker = self.build_for(MARKER, session.as_str(), max_age);
            marker.set_http_only(false);
            push(headers, &marker);
        }
    }

    pub(crate) fn remove_marker(&self, headers: &mut HeaderMap) {
        let mut marker = self.build(MARKER, "", Duration::ZERO);
        marker.set_http_only(false);
        push(headers, &marker);
    }

    fn append(&self, headers: &mut HeaderMap, name: &str, value: &str, max_age: Option<Duration>) {
        let jar = self.keyring.sign(self.build_for(name, value, max_age));
        for cookie in jar.delta() {
            push(headers, cookie);
        }
    }

    fn remove(&self, headers: &mut HeaderMap, name: &str) {
        push(headers, &self.build(name, "", Duration::ZERO));
    }

    /// Without a `max_age`, browsers keep the cookie until they are closed.
    fn build_for(&self, name: &str, value: &str, max_age: Option<Duration>) -> Cookie<'static> {
        let mut cookie = self.build(name, value, max_age.unwrap_or_default());
        if max_age.is_none() {
            cookie.set_max_age(None);
        }
        cookie
    }

    fn build(&self, name: &str, value: &str, max_age: Duration) -> Cookie<'static> {
        let place = &self.place;
        let mut cookie = Cookie::build((self.name(name).to_owned(), value.to_owned()))
            .path(place.path.clone())
            .http_only(true)
            .secure(place.is_secure)
            .same_site(match place.same_site {
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::None => cookie::SameSite::None,
            })
            .max_age(time::Duration::try_from(max_age).unwrap_or(time::Duration::MAX))
            .build();
        if let Some(domain) = &place.domain {
            cookie.set_domain(domain.clone());
        }
        if place.is_partitioned() {
            cookie.set_partitioned(true);
        }
        cookie
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
