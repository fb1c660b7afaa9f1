//! The router: every route, and the layers around them in one place.

use crate::{
    config::Config,
    headers::{send_page_policy, with_security_headers},
};
use app::{App, server::AppState, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use leptos_guardian::server::Guardian;
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer,
    services::ServeDir,
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
    trace::{DefaultOnResponse, TraceLayer},
};
use tracing::{Level, Span};

/// The largest request body, in bytes. The largest form holds a name, an address and two
/// passwords.
const BODY_LIMIT: usize = 64 * 1024;

/// How long a request may take: more than a sign-out whose statements are all slow and not yet
/// given up. The streams of open pages are answered at once, and last.
const REQUEST_LIMIT: Duration = Duration::from_secs(40);

/// Where the built CSS, JavaScript and WebAssembly are served. The stylesheet's link in the
/// app says the same.
const PKG: &str = "pkg";

/// The whole site.
pub fn router(config: &Config, guardian: &Guardian, state: AppState) -> Router {
    let options = LeptosOptions::builder()
        .output_name("starter")
        .site_root(config.site_root.clone())
        .site_pkg_dir(PKG)
        .site_addr(config.site_addr)
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
    let site = guardian
        .protect(pages)
        .nest(&format!("/{PKG}"), built_files(config))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_LIMIT,
        ));
    with_security_headers(site)
        .layer(CatchPanicLayer::new())
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
}

/// The built files, whose names stay when their content changes: browsers ask each time
/// whether it has.
fn built_files(config: &Config) -> Router {
    Router::new()
        .fallback_service(ServeDir::new(format!("{}/{PKG}", config.site_root)))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
}

/// What the log says of a request: never the query, the headers or the body, which hold
/// callback URLs, cookies and passwords.
fn request_span(request: &Request) -> Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}
