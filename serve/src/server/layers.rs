use super::{
    compression::{compression, join_vary},
    headers::{SecurityHeaders, with_security_headers},
    request::refuse_malformed,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderValue, StatusCode, header};
use std::time::Duration;
use tower::{Layer as _, util::MapResponseLayer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    normalize_path::NormalizePathLayer,
    timeout::TimeoutLayer,
    trace::{DefaultOnResponse, TraceLayer},
};
use tracing::{Level, Span};

/// What a request may take.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How long it may take. The stream of an open page responds at once, and then lasts.
    pub time: Duration,
}

/// Adds the layers that may respond instead of a route: to a malformed request, a large one, a slow
/// one, and to a panic. Around them are the compression, the security headers and the log.
pub fn with_layers(routes: Router, headers: &SecurityHeaders, limits: RequestLimits) -> Router {
    // With or without a slash at the end, a path leads to the same page.
    let routes = NormalizePathLayer::trim_trailing_slash().layer(routes);
    let site = Router::new()
        .fallback_service(routes)
        .layer(from_fn(without_empty_segments))
        .layer(DefaultBodyLimit::max(limits.body))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            limits.time,
        ))
        .layer(CatchPanicLayer::new())
        .layer(MapResponseLayer::new(never_cache_errors))
        .layer(compression())
        .layer(MapResponseLayer::new(join_vary))
        .layer(from_fn(refuse_malformed));
    with_security_headers(site, headers).layer(
        TraceLayer::new_for_http()
            .make_span_with(request_span)
            .on_response(DefaultOnResponse::new().level(Level::INFO)),
    )
}

/// Leads from `/account//` to `/account`, and finds nothing at `//account`. The router in the browser knows neither of
/// the two, and would hydrate another page than the server has rendered.
async fn without_empty_segments(mut request: Request, next: Next) -> Response {
    let uri = request.uri();
    let path = uri.path();
    if !request.method().is_safe() || !(path.starts_with("//") || path.ends_with("//")) {
        return next.run(request).await;
    }
    let trimmed = path.trim_matches('/');
    let query = uri.query().map(|query| format!("?{query}"));
    let query = query.unwrap_or_default();
    if path.starts_with("//") && !trimmed.is_empty() {
        // No redirect leads to what may be a host.
        if let Ok(nothing) = format!("/%2F{trimmed}{query}").parse() {
            *request.uri_mut() = nothing;
        }
    } else if !path.contains('\\') {
        return Redirect::permanent(&format!("/{trimmed}{query}")).into_response();
    }
    next.run(request).await
}

/// A panic or a timeout is the response to one request. A proxy may be configured to cache whatever
/// has no `Cache-Control`.
fn never_cache_errors(mut response: Response) -> Response {
    if response.status().is_server_error() {
        let caching = response.headers_mut().entry(header::CACHE_CONTROL);
        caching.or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// A request in the log: without its query, headers and body, which hold callback URLs, cookies and
/// passwords.
fn request_span(request: &Request) -> Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}
