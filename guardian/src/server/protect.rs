//! The layers around a protected router.
//!
//! The session layer does what tower-sessions' own `SessionManagerLayer` does, and differs
//! where signing out depends on it: the cookie is removed with the attributes it was set
//! with, a late response never sets an ended cookie again, and a cookie that is not ours is
//! anonymous and left alone. Handlers use `tower_sessions::Session` as ever, but for one
//! thing: a signed-in visitor's data stays under the session's token, so `cycle_id` and `flush`
//! are for [`Auth::sign_in`] and [`Auth::sign_out`] to call.

use super::{
    Auth, Guardian,
    auth::{Client, CookieChange},
};
use crate::stylesheet;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::net::SocketAddr;
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// How much of a `User-Agent` is kept, in characters. Real ones fit.
const USER_AGENT_LENGTH: usize = 512;

pub(super) fn protect(guardian: &Guardian, router: Router) -> Router {
    router
        .layer(from_fn_with_state(guardian.clone(), with_session))
        .layer(cross_site_check(guardian))
        .route(&stylesheet::path(), get(serve_stylesheet))
}

/// Refuses requests that change state and come from another site, by `Sec-Fetch-Site`, then
/// `Origin` (OWASP ASVS 5.0, 3.5.1).
fn cross_site_check(guardian: &Guardian) -> CsrfLayer<fn(ProtectionError) -> Response<Body>> {
    CsrfLayer::new()
        // For old browsers behind a proxy that rewrites `Host`.
        .add_trusted_origin(guardian.redirects().site_origin())
        .expect("the origin of an http or https URL is one")
        .with_rejection_response(refuse)
}

fn refuse(refused: ProtectionError) -> Response<Body> {
    tracing::warn!(%refused, "a request from another site was refused");
    let message = "Requests from another site are refused.";
    (StatusCode::FORBIDDEN, message).into_response()
}

async fn serve_stylesheet() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            // The path changes with the content.
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        stylesheet::CSS,
    )
}

async fn with_session(
    State(guardian): State<Guardian>,
    mut request: Request,
    next: Next,
) -> Response {
    let presented = guardian.0.cookies.read(request.headers());
    let auth = Auth::resolve(&guardian, presented, client(&request)).await;

    // A page that cannot say who is signed in says so. A POST goes on: signing out must be
    // possible, and whatever needs a user gets `AuthError::Unavailable`.
    if auth.is_unknown() && request.method().is_safe() {
        return unavailable();
    }

    if !request.method().is_safe() {
        drop_foreign_referer(&guardian, request.headers_mut());
    }
    request.extensions_mut().insert(auth.session().clone());
    request.extensions_mut().insert(auth.clone());
    let signed_in_before = auth.user().is_some();
    let mut response = next.run(request).await;

    if let Err(cause) = write_cookies(&guardian, &auth, &mut response).await {
        tracing::error!(%cause, "the visitor's data could not be saved");
        response = unavailable();
    }
    if signed_in_before || auth.user().is_some() || auth.cookie_change() != CookieChange::Keep {
        // OWASP ASVS 5.0, 14.3.2. A handler that knows better has set its own.
        let headers = response.headers_mut();
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

fn client(request: &Request) -> Client {
    let user_agent = request.headers().get(header::USER_AGENT);
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    Client {
        user_agent: user_agent
            .and_then(|text| text.to_str().ok())
            .map(|text| text.chars().take(USER_AGENT_LENGTH).collect()),
        ip: address.map(|ConnectInfo(address)| address.ip().to_string()),
    }
}

/// Leptos answers a form post that sets no target with a redirect to the `Referer`. It is
/// the client's word, so one that may not be redirected to does not get that far.
fn drop_foreign_referer(guardian: &Guardian, headers: &mut HeaderMap) {
    let is_foreign = headers.get(header::REFERER).is_some_and(|referer| {
        let referer = referer.to_str().ok();
        referer.is_none_or(|referer| guardian.redirects().check(referer).is_err())
    });
    if is_foreign {
        headers.remove(header::REFERER);
    }
}

/// Carries out what the request decided about the cookie, and saves the visitor's data.
async fn write_cookies(
    guardian: &Guardian,
    auth: &Auth,
    response: &mut Response,
) -> Result<(), tower_sessions::session::Error> {
    let cookies = &guardian.0.cookies;
    let session = auth.session();
    let change = auth.cookie_change();
    match change {
        // After a sign-out here nothing is saved: the data went with the session.
        CookieChange::Remove => cookies.remove(response.headers_mut()),
        CookieChange::Surrender(ref tokens) => cookies.surrender(response.headers_mut(), tokens),
        CookieChange::Set | CookieChange::Keep => {
            let is_signed_in = auth.user().is_some();
            let known = session.id();
            let has_moved = change == CookieChange::Keep && known != auth.presented().session;
            let has_data = session.is_modified() && !session.is_empty().await;
            if is_signed_in && has_moved && has_data {
                tracing::warn!(
                    "a signed-in visitor's data is not saved: the session has just ended, or a handler moved its data"
                );
                return Ok(());
            }
            if has_data && !response.status().is_server_error() {
                session.save().await?;
            }
            // An anonymous visitor gets a cookie once there is something to remember. A
            // signed-in one keeps theirs: it belongs to the session.
            let is_first_data = known.is_none() && !is_signed_in;
            if let Some(id) = session.id()
                && (change == CookieChange::Set || is_first_data)
            {
                cookies.set(response.headers_mut(), &id);
            }
        }
    }
    let ending_is_settled = matches!(change, CookieChange::Set | CookieChange::Remove);
    if ending_is_settled && !auth.presented().ending.is_empty() {
        cookies.remove_ending(response.headers_mut());
    }
    Ok(())
}

fn unavailable() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [
            (header::RETRY_AFTER, "5"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        "The service is not available right now. Please try again in a moment.",
    )
        .into_response()
}
