//! The router: every route, and the layers around them in one place.

use crate::{
    assets::{PKG_DIR, hash_file, serve_assets},
    compression::{compression, join_vary},
    config::Config,
    headers::{send_page_policy, with_security_headers},
    request::refuse_malformed,
};
use app::{App, server::AppState, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::from_fn,
    response::Response,
};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use leptos_guardian::server::Guardian;
use std::time::Duration;
use tower::util::MapResponseLayer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    timeout::TimeoutLayer,
    trace::{DefaultOnResponse, TraceLayer},
};
use tracing::{Level, Span};

/// The largest request body, in bytes. The largest form holds a name, an address and two
/// passwords.
const BODY_LIMIT: usize = 64 * 1024;

/// How long a request may take. A sign-out takes less, even if all its statements are slow. The
/// stream of an open page responds at once, and then lasts.
const REQUEST_LIMIT: Duration = Duration::from_secs(40);

/// The whole site.
pub fn router(config: &Config, guardian: &Guardian, state: AppState) -> Router {
    let hash_file = hash_file(&config.site_root, config.hash_files);
    let is_hashed = hash_file.is_some();
    let options = LeptosOptions::builder()
        .output_name(env!("LEPTOS_OUTPUT_NAME"))
        .site_root(config.site_root.clone())
        .site_pkg_dir(PKG_DIR)
        .site_addr(config.site_addr)
        .hash_files(is_hashed)
        .hash_file(hash_file.unwrap_or_default().to_string_lossy().into())
        .build();
    let redirect_origins = guardian.redirects().allowed_origins().join(" ");
    let context = move || {
        provide_context(state.clone());
        send_page_policy(&redirect_origins);
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context.clone(), {
            let options = options.clone();
            move || shell(options.clone())
        })
        .fallback(file_and_error_handler_with_context(context, shell))
        .with_state(options);
    let assets = serve_assets(&config.site_root, is_hashed);
    let site = guardian.protect(pages).nest(&format!("/{PKG_DIR}"), assets);
    with_layers(site, config, REQUEST_LIMIT)
}

/// Adds the layers that may respond instead of a route, and around them the security headers and
/// the log.
pub fn with_layers(routes: Router, config: &Config, request_limit: Duration) -> Router {
    let site = routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            request_limit,
        ))
        .layer(CatchPanicLayer::new())
        .layer(MapResponseLayer::new(never_cache_errors))
        .layer(compression())
        .layer(MapResponseLayer::new(join_vary))
        .layer(from_fn(refuse_malformed));
    with_security_headers(site, config).layer(
        TraceLayer::new_for_http()
            .make_span_with(request_span)
            .on_response(DefaultOnResponse::new().level(Level::INFO)),
    )
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
