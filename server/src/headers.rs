//! The security headers: what a page may load, who may frame it, what it tells others.

use axum::Router;
use http::{HeaderName, HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;
use tower_http::set_header::SetResponseHeaderLayer;

/// For every response that has no policy of its own: nothing may be loaded, nothing framed.
const STRICT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers that are the same for every response.
pub fn with_security_headers(router: Router) -> Router {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, STRICT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The own site learns the page, others nothing: a URL may tell what a person does here.
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    fixed.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(
            name,
            HeaderValue::from_static(value),
        ))
    })
}

/// Gives the page that Leptos is rendering its Content-Security-Policy: scripts by nonce
/// only, and forms to this site and the origins that a sign-out may lead to (browsers apply
/// `form-action` to the redirect after a form, too).
pub fn send_page_policy(redirect_origins: &str) {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else {
        return;
    };
    // The reload socket of `cargo leptos watch` listens on another port.
    let watch = if std::env::var_os("LEPTOS_WATCH").is_some() {
        " ws:"
    } else {
        ""
    };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         connect-src 'self'{watch}; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; \
         form-action 'self' {redirect_origins}; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
