//! The router: every route, and the layers around them.

use crate::config::Config;
use app::{App, NAME, server::AppState, shell};
use axum::Router;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use leptos_guardian::server::Guardian;
use leptos_guardian_passwords::server::keep_fields;
use leptos_guardian_serve::server::{
    Assets, RequestLimits, SecurityHeaders, send_page_policy, with_layers,
};
use std::time::Duration;

/// The largest form holds a name, an address and two passwords. A sign-out takes less time than
/// this, even if all its statements are slow.
pub const LIMITS: RequestLimits = RequestLimits {
    body: 64 * 1024,
    time: Duration::from_secs(40),
};

/// Where pictures may come from, besides this site. An app whose users have pictures
/// (`Profile.picture`) lists their exact origins here, such as `"https://avatars.example.com"`.
const PICTURE_ORIGINS: &str = "";

/// Builds the router of the whole site.
pub fn router(config: &Config, guardian: &Guardian, state: AppState) -> Router {
    let assets = Assets::find(&config.site_root, config.hash_files);
    let options = assets.leptos_options(env!("LEPTOS_OUTPUT_NAME"), config.site_addr);
    let redirect_origins = guardian.redirects().allowed_origins().join(" ");
    let context = move || {
        provide_context(state.clone());
        send_page_policy(&redirect_origins, PICTURE_ORIGINS);
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context.clone(), {
            let options = options.clone();
            move || shell(options.clone())
        })
        .fallback(file_and_error_handler_with_context(context, shell))
        .with_state(options)
        .layer(keep_fields());
    let description = guardian.openapi(NAME, include_str!("../openapi.json"));
    let site = assets.add_to(guardian.protect(pages).merge(description));
    with_layers(site, &security_headers(config), LIMITS)
}

/// The headers of every response.
pub fn security_headers(config: &Config) -> SecurityHeaders {
    SecurityHeaders {
        hsts: config.hsts.clone(),
        ..SecurityHeaders::default()
    }
}
