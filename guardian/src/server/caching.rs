//! What the caches between the server and its visitors may keep.
//!
//! A response without `Cache-Control` may be kept all the same
//! ([RFC 9111, 4.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-4.2.2)), and one without
//! `Vary: Cookie` may be sent to anybody: a page that says "Sign in" to a signed-in user, or worse.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Marks a response that may differ by visitor. A signed-in user's is stored nowhere (OWASP ASVS
/// 5.0, 14.3.2); an anonymous visitor's is stored, and sent again once the server has agreed. A
/// handler's own `Cache-Control` stays, unless the response sets a cookie, which is for one visitor.
///
/// Files are the same for everybody, and keep the headers that they have: no handler has asked who
/// is there (`is_personal`), and they look as `ServeDir` serves them.
pub(super) fn describe(response: &mut Response, is_private: bool, is_personal: bool) {
    let sets_cookie = response.headers().contains_key(header::SET_COOKIE);
    if !is_personal && !sets_cookie && is_file(response) {
        return;
    }
    let headers = response.headers_mut();
    let own = headers.get(header::CACHE_CONTROL);
    let own = own.and_then(|own| own.to_str().ok()).unwrap_or_default();
    if sets_cookie && !own.contains("no-store") {
        headers.remove(header::CACHE_CONTROL);
    }
    let caching = if is_private || sets_cookie {
        "no-store"
    } else {
        "no-cache"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(caching));
    vary_by_cookie(headers);
}

/// Whether this is a file, or that it has not changed, as tower-http's `ServeDir` sends it. The
/// type of its content would not tell: pages are HTML, and so are some files.
fn is_file(response: &Response) -> bool {
    let headers = response.headers();
    headers.contains_key(header::LAST_MODIFIED)
        && (headers.contains_key(header::ACCEPT_RANGES)
            || response.status() == StatusCode::NOT_MODIFIED)
}

/// In one line with what is there: of several, nginx before 1.23 reads the last one alone.
fn vary_by_cookie(headers: &mut HeaderMap) {
    let lines = headers.get_all(header::VARY).iter();
    let mut names: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let is_said = |name: &&str| *name == "*" || name.eq_ignore_ascii_case("cookie");
    if !names.iter().any(is_said) {
        names.push("cookie");
    }
    if let Ok(line) = HeaderValue::try_from(names.join(", ")) {
        headers.insert(header::VARY, line);
    }
}
