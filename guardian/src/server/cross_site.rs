//! Refuses requests that change state and come from another site.

use super::Guardian;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, StatusCode, header};
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

/// Logs what was compared when a request is refused. Without https, browsers send no `Sec-Fetch-Site`, and a
/// proxy that passes on another `Host` makes the site's own forms look like another site's.
pub(super) async fn log_refusal(
    State(guardian): State<Guardian>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let compared = Compared::of(request.headers());
    let response = next.run(request).await;
    if let Some(refused) = response.extensions().get::<ProtectionError>() {
        let site = guardian.redirects().site_origin();
        compared.log(refused.kind(), &site);
    }
    response
}

/// The headers that say where a request comes from.
struct Compared {
    fetch_site: Option<String>,
    origin: Option<String>,
    host: Option<String>,
}

impl Compared {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.as_bytes();
            Some(String::from_utf8_lossy(value).into_owned())
        };
        Self {
            fetch_site: text(HeaderName::from_static("sec-fetch-site")),
            origin: text(header::ORIGIN),
            host: text(header::HOST),
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
