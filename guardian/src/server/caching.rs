//! Which responses the caches between the server and its visitors may keep.
//!
//! A cache may keep a response without `Cache-Control`
//! ([RFC 9111, 4.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-4.2.2)), and may send one without
//! `Vary: Cookie` to anybody: a page that says "Sign in" to a signed-in user, or worse.

use super::bearer::TOKEN;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// What a response says about its visitor.
pub(super) struct Visitor {
    /// Whether somebody is signed in, or has just signed in or out.
    pub(super) is_private: bool,
    /// Whether the handler has used the visitor's identity or data.
    pub(super) is_personal: bool,
    /// Whether the visitor may be an app with a bearer token.
    pub(super) may_be_app: bool,
}

/// Marks a response that may differ by visitor. A cache stores no response of a signed-in user (OWASP
/// ASVS 5.0, 14.3.2). It may store an anonymous visitor's, but asks the server before it sends it again.
/// A handler's own `Cache-Control` stays, unless the response sets a cookie or a token, which is for one
/// visitor.
///
/// A file is the same for everybody, and keeps its headers. A response is a file if the handler has not
/// used the visitor's identity or data, and if it looks as `ServeDir` sends it.
pub(super) fn set_headers(response: &mut Response, visitor: &Visitor) {
    let headers = response.headers();
    let sets_token = headers.contains_key(header::SET_COOKIE) || headers.contains_key(TOKEN);
    if !visitor.is_personal && !sets_token && is_file(response) {
        return;
    }
    let headers = response.headers_mut();
    let own = headers.get(header::CACHE_CONTROL);
    let own = own.and_then(|own| own.to_str().ok()).unwrap_or_default();
    if sets_token && !own.contains("no-store") {
        headers.remove(header::CACHE_CONTROL);
    }
    let caching = if visitor.is_private || sets_token {
        "no-store"
    } else {
        "no-cache"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(caching));
    vary_by(headers, "cookie");
    if visitor.may_be_app {
        vary_by(headers, "authorization");
    }
}

/// Whether this is a file, or a `304 Not Modified` for one, as tower-http's `ServeDir` sends it. The
/// content type does not tell: pages are HTML, and so are some files.
fn is_file(response: &Response) -> bool {
    let headers = response.headers();
    headers.contains_key(header::LAST_MODIFIED)
        && (headers.contains_key(header::ACCEPT_RANGES)
            || response.status() == StatusCode::NOT_MODIFIED)
}

/// Adds a header's name to `Vary`, all in one line: nginx before 1.23 reads only the last of several lines.
pub(super) fn vary_by(headers: &mut HeaderMap, name: &'static str) {
    let lines = headers.get_all(header::VARY).iter();
    let mut names: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let is_there = |other: &&str| *other == "*" || other.eq_ignore_ascii_case(name);
    if !names.iter().any(is_there) {
        names.push(name);
    }
    if let Ok(line) = HeaderValue::try_from(names.join(", ")) {
        headers.insert(header::VARY, line);
    }
}
