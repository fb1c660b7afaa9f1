//! The library's cookies in a request.

use super::{
    bearer::TokenPlace,
    cookie::{
        Cookies, PENDING_SIGN_OUT, SEPARATOR, SESSION, STILL_OPEN, STILL_OPEN_PREFIX, UNREVOKED,
    },
    cookie_header::cookie_values,
    cookie_place::SameSite,
    token::TokenHash,
};
use http::{HeaderMap, HeaderValue, Method};
use tower_sessions::session::Id;

/// The most valid values of one name that count. Browsers keep fewer cookies per domain.
const MAX_TOKENS: usize = 256;

/// What the request's cookies say about its browser. Malformed and unsigned cookies do not count. A request
/// with a bearer token has no cookies of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    /// The browser's token; `None` also when several are valid.
    pub(crate) session: Option<Id>,
    /// Where the client keeps it.
    pub(crate) place: TokenPlace,
    /// Whether the browser may have a cookie that it does not send, because another site has caused the
    /// request.
    pub(crate) may_be_withheld: bool,
    /// Whether another key than the first has signed any of these tokens.
    pub(crate) has_old_signature: bool,
    /// Several valid tokens, of which only one can be the browser's own.
    pub(crate) contested: Vec<TokenHash>,
    /// The tokens since which the browser has not been closed.
    pub(crate) still_open: Vec<TokenHash>,
    /// The tokens of earlier sign-outs whose sessions the server could not end.
    pub(crate) unrevoked: Vec<TokenHash>,
    /// Whether the browser has a pending sign-out, which the page could not send.
    pub(crate) has_pending_sign_out: bool,
    /// Which session the browser's marker names. Several, if another host has set one, too.
    pub(crate) markers: Vec<String>,
    /// The names of cookies that may come from a place where this site sets none.
    planted: Vec<&'static str>,
}

impl Presented {
    /// What a bearer token says.
    pub(super) fn by_app(token: Id, is_current: bool) -> Self {
        Self {
            session: Some(token),
            place: TokenPlace::Bearer,
            has_old_signature: !is_current,
            ..Self::default()
        }
    }

    /// Whether the client keeps its token: it has sent one with our signature, or several.
    pub(crate) fn has_token(&self) -> bool {
        self.session.is_some() || !self.contested.is_empty()
    }
}

impl Cookies {
    pub(crate) fn read(&self, method: &Method, headers: &HeaderMap) -> Presented {
        let mut presented = Presented {
            has_pending_sign_out: cookie_values(headers, self.name(PENDING_SIGN_OUT))
                .next()
                .is_some(),
            markers: cookie_values(headers, self.marker_name())
                .map(str::to_owned)
                .collect(),
            ..Default::default()
        };
        let is_withheld = match self.place.same_site {
            SameSite::Strict => true,
            // Links have it, and forms do not: not a provider's `form_post`, either.
            SameSite::Lax => !method.is_safe(),
            SameSite::None => false,
        };
        let fetch_site = headers.get("sec-fetch-site");
        presented.may_be_withheld =
            is_withheld && fetch_site.is_some_and(|site| site == "cross-site");
        if presented.has_pending_sign_out {
            // It may be planted or the page's own: it has no signature.
            presented.planted.push(PENDING_SIGN_OUT);
        }
        let tokens = self.signed(headers, SESSION, |value| value.parse().ok());
        presented.has_old_signature = tokens.iter().any(|(_, is_current)| !is_current);
        let tokens: Vec<Id> = tokens.into_iter().map(|(token, _)| token).collect();
        match *tokens {
            [] => {}
            [token] => presented.session = Some(token),
            ref several => {
                tracing::warn!(
                    count = several.len(),
                    "a request has several valid session cookies, and nobody can tell which is the browser's own, so nobody is signed in. A page on another port or subdomain may have planted the others; the response removes them"
                );
                presented.contested = several.iter().map(TokenHash::of).collect();
                presented.planted.push(SESSION);
            }
        }
        let still_open = self.signed(headers, STILL_OPEN, |value| {
            TokenHash::parse(value.strip_prefix(STILL_OPEN_PREFIX)?)
        });
        presented.has_old_signature |= still_open.iter().any(|(_, is_current)| !is_current);
        presented.still_open = still_open.into_iter().map(|(token, _)| token).collect();
        let unrevoked = self.signed(headers, UNREVOKED, |value| Some(value.to_owned()));
        presented.has_old_signature |= unrevoked.iter().any(|(_, is_current)| !is_current);
        if unrevoked.len() > 1 {
            presented.planted.push(UNREVOKED);
        }
        let hashes = unrevoked
            .iter()
            .flat_map(|(value, _)| value.split(SEPARATOR));
        for hash in hashes.filter_map(TokenHash::parse).take(MAX_TOKENS) {
            if !presented.unrevoked.contains(&hash) {
                presented.unrevoked.push(hash);
            }
        }
        presented
    }

    /// Returns the different values under one name that carry our signature, and whether the first key has
    /// signed each.
    fn signed<T: PartialEq>(
        &self,
        headers: &HeaderMap,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<(T, bool)> {
        let mut values: Vec<(T, bool)> = Vec::new();
        for value in cookie_values(headers, self.name(name)) {
            let Some(verified) = self.keyring.verify(value) else {
                continue;
            };
            if let Some(value) = read(&verified.value)
                && values.iter().all(|(other, _)| *other != value)
                && values.len() < MAX_TOKENS
            {
                values.push((value, verified.is_current));
            }
        }
        values
    }

    /// Returns the headers that remove planted cookies from all places that reach this path. The site's
    /// own cookie stays, so the next request has only that one.
    pub(crate) fn remove_planted(&self, presented: &Presented, path: &str) -> Vec<HeaderValue> {
        let names: Vec<&str> = presented
            .planted
            .iter()
            .map(|name| self.name(name))
            .collect();
        // Browsers keep a `__Host-` cookie at no other place.
        let mut removals = if self.place.is_for_host() {
            Vec::new()
        } else {
            self.places.removals(&names, path)
        };
        // A pending sign-out is removed together with the site's own.
        let signed = presented
            .planted
            .iter()
            .filter(|name| **name != PENDING_SIGN_OUT);
        removals.extend(signed.filter_map(|name| self.places.twin_removal(self.name(name))));
        removals
    }
}
