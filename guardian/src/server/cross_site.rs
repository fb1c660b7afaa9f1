//! Refuses requests that change state and come from another site.

use super::Guardian;
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderName, StatusCode, header};
use tower_http::csrf::{CsrfLayer, ProtectionError, ProtectionErrorKind};

/// Refuses them by `Sec-Fetch-Site`, then `Origin` (OWASP ASVS 5.0, 3.5.1).
pub(super) fn cross_site_check(
    guardian: &Guardian,
) -> CsrfLayer<fn(ProtectionError) -> Response<Body>> {
    let accepted = guardian.0.cross_site_paths.clone();
    CsrfLayer::new()
        // For old browsers behind a proxy that rewrites `Host`.
        .add_trusted_origin(guardian.redirects().site_origin())
        .expect("the origin of an http or https URL is one")
        .with_insecure_bypass(move |_, target| accepted.iter().any(|path| *path == target.path()))
        .with_rejection_response(refuse)
}

fn refuse(_: ProtectionError) -> Response<Body> {
    let message = "Requests from another site are refused.";
    (StatusCode::FORBIDDEN, message).into_response()
}

/// The headers that say where a request comes from.
pub(super) struct Compared {
    fetch_site: Option<String>,
    origin: Option<String>,
    host: Option<String>,
}

impl Compared {
    /// Returns what the check compares; `None` for a request that it does not concern.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if request.method().is_safe() {
            return None;
        }
        let text = |name: HeaderName| {
            let value = request.headers().get(name)?.as_bytes();
            Some(String::from_utf8_lossy(value).into_owned())
        };
        Some(Self {
            fetch_site: text(HeaderName::from_static("sec-fetch-site")),
            origin: text(header::ORIGIN),
            host: text(header::HOST),
        })
    }

    /// Logs what was compared if the request was refused. Without https, browsers send no `Sec-Fetch-Site`, and
    /// a proxy that passes on another `Host` makes the site's own forms look like another site's.
    pub(super) fn log_refusal(&self, guardian: &Guardian, response: &Response) {
        if let Some(refused) = response.extensions().get::<ProtectionError>() {
            let site = guardian.redirects().site_origin();
            self.log(refused.kind(), &site);
        }
    }

    fn log(&self, kind: ProtectionErrorKind, site: &str) {
        let Self {
            fetch_site,
            origin,
            host,
        } = self;
        match kind {
            ProtectionErrorKind::CrossOriginRequestFromOldBrowser => tracing::warn!(
                ?origin,
                ?host,
                site,
                "a request was refused: its Origin is neither its Host nor the site's URL. If it is your site's \
                 own form, set the site's URL to what browsers show, or let the proxy pass on the Host with its \
                 port (nginx: proxy_set_header Host $http_host)"
            ),
            _ => tracing::warn!(
                ?fetch_site,
                ?origin,
                site,
                "a request from another site was refused"
            ),
        }
    }
}
