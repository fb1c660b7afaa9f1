//! The `Referer`, which becomes a `Location`: server_fn sends a plain form whose server function
//! names no target back to it, as it was sent.

use super::Guardian;
use axum::extract::Request;
use http::{HeaderValue, header};
use leptos::server_fn::axum::server_fn_paths;

/// Lets a `Referer` through to a server function only if a redirect may lead there, and then in the
/// one form in which every reader understands it the same: `http:evil.example` is a page of this
/// site to a browser on an http site, and another host to others. To a page it is only a piece of
/// information; there it may be foreign.
pub(super) fn check_referer(guardian: &Guardian, request: &mut Request) {
    let mut values = request.headers().get_all(header::REFERER).iter();
    let only = match (values.next(), values.next()) {
        (None, _) => return,
        (only, None) => only.and_then(|referer| referer.to_str().ok()),
        // Which one would be meant?
        (Some(_), Some(_)) => None,
    };
    let redirects = guardian.redirects();
    let checked = only
        .and_then(|referer| redirects.check(referer).ok())
        .and_then(|safe| HeaderValue::try_from(redirects.in_full(&safe)).ok());
    match checked {
        Some(checked) => drop(request.headers_mut().insert(header::REFERER, checked)),
        None if may_redirect(request) => drop(request.headers_mut().remove(header::REFERER)),
        None => {}
    }
}

/// Whether a server function may answer. By the end of the path: an app may be nested.
fn may_redirect(request: &Request) -> bool {
    let path = request.uri().path();
    !request.method().is_safe() || server_fn_paths().any(|(function, _)| path.ends_with(function))
}
