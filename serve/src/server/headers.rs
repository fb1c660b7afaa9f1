//! The security headers: what a page may load and use, who may frame or embed it, what it tells
//! others.
//!
//! One is left out on purpose: `Clear-Site-Data` in the response to a sign-out. `"cookies"` would
//! also remove the other accounts of this browser, the flash message and every subdomain's cookies.
//! `"cache"` stalls Chromium for seconds, and the pages of users are stored nowhere anyway
//! (`no-store`). `"storage"` would also remove what is not this user's: the pending sign-outs,
//! which wait in this origin's storage for the network, and the service workers and databases of
//! other parts of the site. An app that keeps a user's data in storage removes it in
//! `on_signed_out`, which also runs in the other tabs.

use axum::{Router, response::Response};
use http::{HeaderName, HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;
use tower::util::MapResponseLayer;

/// For every response without its own policy: it may load nothing, and nothing may frame it.
const STRICT_POLICY: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Features that few pages use. They are denied, so that no foreign script or frame can ask for them
/// in the site's name.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), picture-in-picture=(), \
    screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()";

/// The settings of the headers that are the same for every response.
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    /// The `Strict-Transport-Security`, on a site with https.
    pub hsts: Option<HeaderValue>,
    /// The `Permissions-Policy`. The default denies every feature with a permission. An app that
    /// uses a camera lists the features without `camera=()`.
    pub permissions: HeaderValue,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self {
            hsts: None,
            permissions: HeaderValue::from_static(PERMISSIONS),
        }
    }
}

/// Adds the headers that are the same for every response. It goes around the other layers, so that
/// a response to a panic, a timeout or a refused request has the headers, too.
pub(crate) fn with_security_headers(router: Router, settings: &SecurityHeaders) -> Router {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, STRICT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Other sites get no `Referer`: a URL may reveal what a person does here.
        (header::REFERRER_POLICY, "same-origin"),
        // Other sites get no reference to this site's windows, and cannot embed its content.
        (named("cross-origin-opener-policy"), "same-origin"),
        (named("cross-origin-resource-policy"), "same-origin"),
    ];
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let permissions = (named("permissions-policy"), settings.permissions.clone());
    let transport = settings.hsts.clone();
    let transport = transport.map(|value| (header::STRICT_TRANSPORT_SECURITY, value));
    let chosen = [permissions].into_iter().chain(transport);
    let headers: Vec<_> = fixed.into_iter().chain(chosen).collect();
    router.layer(MapResponseLayer::new(move |mut response: Response| {
        for (name, value) in &headers {
            let entry = response.headers_mut().entry(name);
            entry.or_insert_with(|| value.clone());
        }
        response
    }))
}

fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// Sets the Content-Security-Policy of the page that Leptos is rendering. Inline scripts need the
/// nonce. Forms may go to this site and to the origins that a sign-out may lead to, because
/// browsers apply `form-action` to the redirect after a form, too.
///
/// `picture_origins` are the exact origins of pictures from other sites, separated by spaces. With
/// `https:`, injected markup could send what a page shows to any server, in the URL of a picture.
pub fn send_page_policy(redirect_origins: &str, picture_origins: &str) {
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
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; connect-src 'self'{watch}; img-src 'self' {picture_origins}; \
         object-src 'none'; base-uri 'none'; form-action 'self' {redirect_origins}; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
