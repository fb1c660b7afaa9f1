//! What a request's cookies say about its browser.

use super::{
    cookie::{Cookies, ENDING, LEAVING, SEPARATOR, SESSION},
    cookie_header::cookie_values,
    planted::Places,
    token::TokenHash,
};
use cookie::{Cookie, CookieJar};
use http::{HeaderMap, HeaderValue};
use tower_sessions::session::Id;

/// The most valid values of one name that count: more than browsers keep cookies of a domain.
const MAX_TOKENS: usize = 256;

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
        for value in cookie_values(headers, &self.name(name)) {
            let verified = jar.verify(Cookie::new("", value.to_owned()));
            if let Some(value) = verified.and_then(|cookie| read(cookie.value()))
                && !found.contains(&value)
                && found.len() < MAX_TOKENS
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
        // Browsers keep a `__Host-` cookie at no other place.
        let mut removals = if self.are_secure() {
            Vec::new()
        } else {
            self.places.removals(&names, path)
        };
        // Not of a pending sign-out: that goes together with the site's own.
        let signed = presented.planted.iter().filter(|name| **name != LEAVING);
        removals.extend(signed.filter_map(|name| Places::partitioned_removal(&self.name(name))));
        removals
    }
}
