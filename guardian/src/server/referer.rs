//! The `Referer`, which may become a `Location`: after a plain form, server_fn redirects to the `Referer`
//! without a check, unless the server function names another target.

use super::Guardian;
use axum::extract::Request;
use http::{HeaderValue, header};
use leptos::server_fn::axum::server_fn_paths;

/// Passes a `Referer` on to a server function only if a redirect may lead there, and writes it as a full
/// URL, which every parser reads the same. (A browser on an http site reads `http:evil.example` as a page
/// of that site. Other parsers read another host.) A page may get the `Referer` of another site, because
/// it does not redirect to it.
pub(super) fn check_referer(guardian: &Guardian, request: &mut Request) {
    let mut values = request.headers().get_all(header::REFERER).iter();
    let only = match (values.next(), values.next()) {
        (None, _) => return,
        (only, None) => only.and_then(|referer| referer.to_str().ok()),
        // Nothing says which one counts.
        (Some(_), Some(_)) => None,
    };
    let redirects = guardian.redirects();
    let checked = only
        .and_then(|referer| redirects.check(referer).ok())
        .and_then(|safe| HeaderValue::try_from(redirects.full_url(safe.as_str())).ok());
    match checked {
        Some(checked) => drop(request.headers_mut().insert(header::REFERER, checked)),
        None if may_redirect(request) => drop(request.headers_mut().remove(header::REFERER)),
        None => {}
    }
}

/// Whether a server function may respond. Compares the end of the path, because the app's router may be
/// nested.
fn may_redirect(request: &Request) -> bool {
    let path = request.uri().path();
    !request.method().is_safe() || server_fn_paths().any(|(function, _)| path.ends_with(function))
}
