//! The layers around a protected router.
//!
//! The session layer does what tower-sessions' own `SessionManagerLayer` does, and differs
//! where signing out depends on it: the cookie is removed with the attributes it was set
//! with, a late response never sets an ended cookie again, and a cookie that is not ours is
//! anonymous and left alone. Handlers use `tower_sessions::Session` as ever, but for one
//! thing: a signed-in visitor's data stays under the session's own id, so `cycle_id` and `flush`
//! are for [`Auth::sign_in`] and [`Auth::sign_out`] to call.

use super::{
    Auth, Guardian, auth::CookieChange, caching, client::Client, live, referer::check_referer,
    request_target::refuse_other_targets, token::TokenHash,
};
use crate::stylesheet;
use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_sessions::{session::Id, session_store};

pub(super) fn protect(guardian: &Guardian, router: Router) -> Router {
    router
        .route(live::PATH, get(live::stream))
        .layer(from_fn_with_state(guardian.clone(), with_session))
        .layer(cross_site_check(guardian))
        .route(&stylesheet::path(), get(serve_stylesheet))
        .layer(from_fn(refuse_other_targets))
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
    let cookies_to_remove = guardian
        .0
        .cookies
        .remove_planted(&presented, path(&request));
    let client = Client::of(&request, &guardian.0.trusted_proxies);
    let auth = Auth::resolve(&guardian, presented, client).await;
    // An open page keeps no session alive: a person who uses it does.
    if request.uri().path() != live::PATH {
        auth.note_activity().await;
    }

    // A page that cannot say who is signed in says so. A POST goes on: signing out must be
    // possible, and whatever needs a user gets `AuthError::Unavailable`.
    if auth.is_unknown() && request.method().is_safe() {
        return unavailable();
    }

    check_referer(&guardian, &mut request);
    request.extensions_mut().insert(auth.session().clone());
    request.extensions_mut().insert(auth.clone());
    let signed_in_before = auth.user().is_some();
    let mut response = next.run(request).await;

    // First: a browser that takes one of them for the site's own cookie keeps what is set after it.
    for removal in cookies_to_remove {
        response.headers_mut().append(header::SET_COOKIE, removal);
    }
    if let Err(cause) = write_cookies(&guardian, &auth, &mut response).await {
        tracing::error!(%cause, "the visitor's data could not be saved");
        response = unavailable();
    }
    let is_private =
        signed_in_before || auth.user().is_some() || auth.cookie_change() != CookieChange::Keep;
    caching::describe(&mut response, is_private, auth.was_asked());
    response
}

/// The path as the browser knows it, also for a router that is nested in another one.
fn path(request: &Request) -> &str {
    let original = request.extensions().get::<OriginalUri>();
    original
        .map_or(request.uri(), |original| &original.0)
        .path()
}

/// Carries out what the request decided about the cookie, and saves the visitor's data.
async fn write_cookies(
    guardian: &Guardian,
    auth: &Auth,
    response: &mut Response,
) -> Result<(), tower_sessions::session::Error> {
    let cookies = &guardian.0.cookies;
    let presented = auth.presented();
    let change = auth.cookie_change();
    // After a sign-out here nothing is saved: the data went with the session.
    let may_save = change != CookieChange::Remove && !response.status().is_server_error();
    let first_token = save_data(auth, may_save).await?;
    match (change, first_token) {
        (CookieChange::Set(token), _) | (CookieChange::Keep, Some(token)) => {
            cookies.set(response.headers_mut(), &token);
        }
        (CookieChange::Remove, _) => cookies.remove(response.headers_mut()),
        (CookieChange::Keep, None) => {}
    }
    let ending = auth.still_to_end(first_token.is_some());
    if ending.is_empty() && !presented.ending.is_empty() {
        cookies.remove_ending(response.headers_mut());
    } else if ending != presented.ending {
        cookies.set_ending(response.headers_mut(), &ending);
    }
    if presented.is_leaving && !auth.is_leaving() {
        cookies.remove_leaving(response.headers_mut());
    }
    Ok(())
}

/// Saves the visitor's data. Answers the token of an anonymous visitor who had none, and now
/// has something to be remembered: the id of the data.
async fn save_data(
    auth: &Auth,
    may_save: bool,
) -> Result<Option<Id>, tower_sessions::session::Error> {
    // A visitor only to a database that did not answer, or because it cannot be told whose the
    // browser is: a new token would replace a user's.
    if !may_save || auth.is_unknown() || auth.is_contested() {
        return Ok(None);
    }
    let session = auth.session();
    let known = session.id();
    let is_signed_in = auth.user().is_some();
    let has_moved = auth.cookie_change() == CookieChange::Keep && known != auth.data_id();
    let is_gone = auth.store().successor().is_some();
    let has_data = session.is_modified() && !session.is_empty().await;
    if is_signed_in && is_gone && auth.cookie_change() == CookieChange::Keep {
        tracing::debug!("a signed-in visitor's data is not saved: the session has just ended");
        return Ok(None);
    }
    if is_signed_in && has_moved && has_data {
        tracing::warn!("a signed-in visitor's data is not saved: a handler moved it");
        return Ok(None);
    }
    let is_first = (known.is_none() || is_gone) && !is_signed_in;
    if is_first && has_data && is_overtaken(auth).await? {
        tracing::debug!("a visitor's data is not saved: they have just signed in");
        return Ok(None);
    }
    if has_data {
        session.save().await?;
    }
    let successor = auth.store().successor();
    let kept = successor.filter(|successor| successor.is_kept);
    let token = match known {
        None => session.id(),
        Some(_) => kept.map(|successor| successor.id),
    };
    Ok(token.filter(|_| is_first))
}

/// Whether the visitor has signed in while this request was on its way. A new token for what it
/// has to remember would replace the one that they are signed in by.
async fn is_overtaken(auth: &Auth) -> Result<bool, session_store::Error> {
    let Some(token) = auth.presented().session.as_ref().map(TokenHash::of) else {
        return Ok(false);
    };
    let guardian = &auth.guardian().0;
    guardian
        .registry
        .is_replaced(&token, guardian.clock.now())
        .await
        .map_err(|cause| session_store::Error::Backend(cause.to_string()))
}

fn unavailable() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [
            (header::RETRY_AFTER, "5"),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "cookie"),
        ],
        "The service is not available right now. Please try again in a moment.",
    )
        .into_response()
}
