//! Pages of other origins that the app allows to use the library's routes with the visitor's cookies.

use super::{Guardian, caching::vary_by, event_stream, markup, protect::FUNCTIONS};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header};

/// Marks a request that a page of another origin has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsCrossOrigin;

/// What the response of one of the library's routes says to browsers about other origins.
pub(super) struct Sharing {
    /// The one whose page may read it.
    origin: Option<HeaderValue>,
}

/// Lets pages of the allowed origins call the library's routes. Returns `None` for the app's own routes, which
/// stay closed to them.
pub(super) fn allow_origin(guardian: &Guardian, request: &mut Request) -> Option<Sharing> {
    let allowed = &guardian.0.allowed_origins;
    if allowed.is_empty() || !is_library_route(request.uri().path()) {
        return None;
    }
    let origin = request.headers().get(header::ORIGIN);
    let origin = origin.filter(|origin| allowed.contains(origin)).cloned();
    if origin.is_some() {
        request.extensions_mut().insert(IsCrossOrigin);
        // The cross-site check, which follows, trusts the site's own origin.
        let own = HeaderValue::try_from(guardian.redirects().site_origin());
        let headers = request.headers_mut();
        own.ok().and_then(|own| headers.insert(header::ORIGIN, own));
    }
    Some(Sharing { origin })
}

impl Sharing {
    /// Lets the page read the response.
    pub(super) fn apply(self, response: &mut Response) {
        let headers = response.headers_mut();
        vary_by(headers, "origin");
        if let Some(origin) = self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

/// Lets pages of other origins load a file, if the app allows any origin. It is the same for everybody.
pub(super) async fn share_file(
    State(guardian): State<Guardian>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if !guardian.0.allowed_origins.is_empty() {
        let headers = response.headers_mut();
        let everybody = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
        let policy = HeaderValue::from_static("cross-origin");
        headers.insert("cross-origin-resource-policy", policy);
    }
    response
}

fn is_library_route(path: &str) -> bool {
    path == event_stream::PATH || path.starts_with(markup::PATH) || FUNCTIONS.contains(&path)
}
