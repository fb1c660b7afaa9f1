//! The security headers: what a page may load and use, who may frame or embed it, what it tells
//! others.
//!
//! One is left out on purpose: `Clear-Site-Data`, with the answer to a sign-out. `"cookies"` would
//! take the other accounts of this browser along, the flash and every subdomain's cookies. `"cache"`
//! stalls Chromium for seconds, and the pages of users are stored nowhere anyway (`no-store`).
//! `"storage"` takes what belongs to everybody on this browser and to the page itself: the sign-outs
//! that wait in this origin's storage for the network, which is how a browser forgets at once; and
//! service workers and databases of other parts of the site. What an app keeps about a user in
//! storage, it removes itself, in `on_signed_out`, which also runs in the other tabs.

use crate::config::Config;
use axum::{Router, response::Response};
use http::{HeaderName, HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;
use tower::util::MapResponseLayer;

/// For every response that has no policy of its own: nothing may be loaded, nothing framed.
const STRICT_POLICY: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where pictures may come from, besides this site. An app whose users have pictures
/// (`Profile.picture`) writes their origins here, as narrow as they are:
/// `"https://avatars.example.com"`. With `https:` a page could be made to tell anybody what it
/// shows, in the address of a picture.
const PICTURE_ORIGINS: &str = "";

/// What no page uses, so that no script or frame of somebody else can ask for it in the site's name.
/// An app with a camera takes `camera=()` out.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), picture-in-picture=(), \
    screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()";

/// Adds the headers that are the same for every response. Outermost, so that also an answer has
/// them that is given instead of a handler's: to a panic, a timeout, a request that is refused.
pub fn with_security_headers(router: Router, config: &Config) -> Router {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, STRICT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The own site learns the page, others nothing: a URL may tell what a person does here.
        (header::REFERRER_POLICY, "same-origin"),
        (named("permissions-policy"), PERMISSIONS),
        // No other site's window holds a reference to one of this site's, nor its content.
        (named("cross-origin-opener-policy"), "same-origin"),
        (named("cross-origin-resource-policy"), "same-origin"),
    ];
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let transport = config.hsts.clone();
    let transport = transport.map(|value| (header::STRICT_TRANSPORT_SECURITY, value));
    let headers: Vec<_> = fixed.into_iter().chain(transport).collect();
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
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; connect-src 'self'{watch}; img-src 'self' {PICTURE_ORIGINS}; \
         object-src 'none'; base-uri 'none'; form-action 'self' {redirect_origins}; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
