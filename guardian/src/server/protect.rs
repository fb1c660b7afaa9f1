//! The layer around protected routes, and the library's own routes.
//!
//! The session layer does what tower-sessions' `SessionManagerLayer` does, and differs where signing out
//! depends on it. It removes the cookie with the attributes with which it was set. A late response never
//! sets the cookie of an ended session again. A cookie that is not ours stays, and signs nobody in.
//! Handlers use `tower_sessions::Session` as usual, with one exception: a signed-in visitor's data stays
//! under the session's id, so only [`Auth::sign_in`] and [`Auth::sign_out`] may call `cycle_id` and
//! `flush`.

use super::{
    Auth, Guardian,
    auth::CookieChange,
    bearer::accept_token,
    caching,
    client_info::ClientInfo,
    cookie_check,
    cross_origin::{allow_origin, share_file},
    cross_site::{Compared, cross_site_check},
    event_stream, markup,
    presented::Presented,
    referer::check_referer,
    request_target::{self, refuse_other_targets},
    token::TokenHash,
};
use crate::{
    api::{GetSession, GetSessions, PostSignOut, PostSwitchAccount},
    script, stylesheet,
};
use axum::{
    Router,
    extract::{OriginalUri, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, header};
use leptos::server_fn::ServerFn as _;
use std::{convert::Infallible, slice};
use tower::{Layer, Service, ServiceBuilder, util::BoxCloneSyncService};
use tower_sessions::{session::Id, session_store};

/// The paths of the library's server functions.
pub(super) const FUNCTIONS: [&str; 4] = [
    GetSession::PATH,
    GetSessions::PATH,
    PostSignOut::PATH,
    PostSwitchAccount::PATH,
];

impl Guardian {
    /// Puts the [layer](Self::layer) around a router, and adds the library's [routes](Self::routes).
    ///
    /// Routes that are added afterwards are not protected. Serve static files from there.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian) -> Router {
    /// let app = Router::new().route("/", get(|| async { "Hello" }));
    /// guardian.protect(app).route("/health", get(|| async { "well" }))
    /// # }
    /// ```
    pub fn protect(&self, router: Router) -> Router {
        router.layer(self.layer()).merge(self.routes())
    }

    /// The layer that protects routes, for apps that build their own stack. From the outside in: the
    /// check of the request's target ([`is_origin_form`](super::is_origin_form)), the cross-site check (not
    /// for [bearer tokens](crate::server::Builder::accept_bearer_tokens)), and the session, which also tells
    /// caches which responses differ by visitor.
    ///
    /// An app that uses it also merges the library's [routes](Self::routes).
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian) -> Router {
    /// let account = Router::new().route("/account", get(|| async { "Your account" }));
    /// Router::new()
    ///     .merge(account.layer(guardian.layer()))
    ///     .merge(guardian.routes())
    ///     .route("/health", get(|| async { "well" }))
    /// # }
    /// ```
    pub fn layer(&self) -> GuardianLayer {
        GuardianLayer(self.clone())
    }

    /// The library's own routes: the components' stylesheet, the pages' script
    /// (`/guardian/guardian.js`), the components' HTML for the script, the stream of sign-outs for
    /// open pages, and the check [after a sign-in](Auth::after_sign_in). They bring their own
    /// [layer](Self::layer).
    ///
    /// ```
    /// use axum::Router;
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian, app: Router) -> Router {
    /// app.layer(guardian.layer()).merge(guardian.routes())
    /// # }
    /// ```
    pub fn routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let files = script::routes()
            .merge(stylesheet::routes())
            .layer(from_fn_with_state(self.clone(), share_file))
            .layer(from_fn(refuse_other_targets));
        let events = Router::new()
            .route(event_stream::PATH, get(event_stream::stream))
            .merge(markup::routes())
            .layer(self.layer());
        // In this order: axum takes the response to unknown paths from the router that is merged last.
        files.merge(cookie_check::routes(self)).merge(events)
    }

    /// The [server functions](crate::api), for an app without Leptos's routes, which have them. They bring
    /// their own [layer](Self::layer).
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian) -> Router {
    /// let app = Router::new().route("/", get(|| async { "Hello" }));
    /// guardian.protect(app).merge(guardian.api())
    /// # }
    /// ```
    pub fn api<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        FUNCTIONS
            .into_iter()
            .fold(Router::new(), |router, path| {
                router.route(path, post(leptos_axum::handle_server_fns))
            })
            .layer(self.layer())
    }
}

/// Protects routes: see [`Guardian::layer`].
///
/// ```
/// use axum::Router;
/// use leptos_guardian::server::GuardianLayer;
///
/// fn protect(app: Router, layer: GuardianLayer) -> Router {
///     app.layer(layer)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct GuardianLayer(Guardian);

/// Routes with layers around them.
pub(super) type Routes = BoxCloneSyncService<Request, Response, Infallible>;

impl<S> Layer<S> for GuardianLayer
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Service = Routes;

    fn layer(&self, routes: S) -> Self::Service {
        let with_session = ServiceBuilder::new()
            .layer(from_fn_with_state(self.0.clone(), with_session))
            .service(routes);
        let accepts_tokens = self.0.0.accepts_bearer_tokens.then(|| {
            let exempt = (self.0.clone(), Routes::new(with_session.clone()));
            from_fn_with_state(exempt, accept_token)
        });
        let protected = ServiceBuilder::new()
            .layer(from_fn_with_state(self.0.clone(), check_first))
            .option_layer(accepts_tokens)
            .layer(cross_site_check(&self.0))
            .service(with_session);
        Routes::new(protected)
    }
}

/// Refuses requests whose target is no path of this site, lets pages of allowed origins in, and logs what the
/// cross-site check refuses.
async fn check_first(
    State(guardian): State<Guardian>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(refusal) = request_target::refusal(&request) {
        return refusal;
    }
    let sharing = allow_origin(&guardian, &mut request);
    let compared = Compared::of(&request);
    let mut response = next.run(request).await;
    if let Some(compared) = compared {
        compared.log_refusal(&guardian, &response);
    }
    if let Some(sharing) = sharing {
        sharing.apply(&mut response);
    }
    response
}

async fn with_session(
    State(guardian): State<Guardian>,
    mut request: Request,
    next: Next,
) -> Response {
    let with_token = request.extensions_mut().remove::<Presented>();
    let presented = with_token.unwrap_or_else(|| {
        let cookies = &guardian.0.cookies;
        cookies.read(request.method(), request.headers())
    });
    let cookies_to_remove = guardian
        .0
        .cookies
        .remove_planted(&presented, path(&request));
    let client = ClientInfo::of(&request, &guardian.0.proxies);
    let auth = Auth::resolve(&guardian, presented, client).await;
    // Requests keep the session alive, but what an open page asks for by itself does not.
    if !path(&request).starts_with("/guardian/") {
        auth.record_activity().await;
    }

    // If the user is unknown, a page says so. A POST goes on: signing out must be possible, and handlers
    // that need a user get `AuthError::Unavailable`.
    if auth.is_unknown() && request.method().is_safe() {
        return unavailable();
    }

    check_referer(&guardian, &mut request);
    request.extensions_mut().insert(auth.session().clone());
    request.extensions_mut().insert(auth.clone());
    let signed_in_before = auth.user().is_some();
    // The page asks who is signed in.
    let is_question = request.uri().path() == GetSession::PATH && !auth.is_unknown();
    let mut response = next.run(request).await;

    // First: a browser that takes one of these for the site's own cookie keeps what is set after it.
    for removal in cookies_to_remove {
        response.headers_mut().append(header::SET_COOKIE, removal);
    }
    let written = if auth.is_app() {
        write_token(&guardian, &auth, &mut response).await
    } else {
        write_cookies(&guardian, &auth, &mut response, is_question).await
    };
    if let Err(cause) = written {
        tracing::error!(%cause, "the visitor's data could not be saved");
        response = unavailable();
    }
    let visitor = caching::Visitor {
        is_private: signed_in_before
            || auth.user().is_some()
            || auth.cookie_change() != CookieChange::Keep,
        is_personal: auth.was_used(),
        may_be_app: guardian.0.accepts_bearer_tokens,
    };
    caching::set_headers(&mut response, &visitor);
    response
}

/// The path as the browser knows it, even if the router is nested in another one.
fn path(request: &Request) -> &str {
    let original = request.extensions().get::<OriginalUri>();
    original
        .map_or(request.uri(), |original| &original.0)
        .path()
}

/// Carries out what an app's request decided about its token, and saves the user's data. The response sets no
/// cookie.
async fn write_token(
    guardian: &Guardian,
    auth: &Auth,
    response: &mut Response,
) -> Result<(), tower_sessions::session::Error> {
    let change = auth.cookie_change();
    let is_over = change == CookieChange::Remove;
    save_data(auth, !is_over && !response.status().is_server_error()).await?;
    // A file is the same for everybody.
    let signs_anew = auth.presented().has_old_signature && auth.was_used();
    let token = match change {
        CookieChange::Set(token) => Some(token),
        CookieChange::Keep if signs_anew => auth.token_to_sign_anew().await,
        CookieChange::Keep | CookieChange::Remove => None,
    };
    if let Some(token) = token {
        guardian.0.cookies.set_token(response.headers_mut(), &token);
    }
    Ok(())
}

/// Carries out what the request decided about the cookie, and saves the visitor's data.
async fn write_cookies(
    guardian: &Guardian,
    auth: &Auth,
    response: &mut Response,
    is_question: bool,
) -> Result<(), tower_sessions::session::Error> {
    let cookies = &guardian.0.cookies;
    let presented = auth.presented();
    let change = auth.cookie_change();
    let lifetime = auth.token_lifetime();
    // After a sign-out here nothing is saved: the data went with the session, and what is the visitor's has
    // been moved to the new token.
    let moved = auth
        .store()
        .successor()
        .filter(|successor| successor.is_stored);
    let is_over = match change {
        CookieChange::Remove => true,
        CookieChange::Set(token) => moved.is_some_and(|successor| successor.id == token),
        CookieChange::Keep => false,
    };
    let may_save = !is_over && !response.status().is_server_error();
    let first_token = save_data(auth, may_save).await?;
    match (change, first_token) {
        (CookieChange::Set(token), _) | (CookieChange::Keep, Some(token)) => {
            cookies.set_session(response.headers_mut(), &token, lifetime);
        }
        (CookieChange::Remove, _) => cookies.remove_session(response.headers_mut()),
        (CookieChange::Keep, None) => {}
    }
    let needs_still_open = change == CookieChange::Keep || lifetime.is_mixed;
    if !presented.still_open.is_empty() && !needs_still_open {
        cookies.remove_still_open(response.headers_mut());
    }
    // A file is the same for everybody, so it sets no cookie.
    let signs_anew = presented.has_old_signature && auth.was_used();
    if signs_anew
        && change == CookieChange::Keep
        && first_token.is_none()
        && let Some(token) = auth.token_to_sign_anew().await
    {
        cookies.set_session(response.headers_mut(), &token, lifetime);
    }
    let unrevoked = auth.unrevoked_tokens(first_token.is_some());
    if unrevoked.is_empty() && !presented.unrevoked.is_empty() {
        cookies.remove_unrevoked(response.headers_mut());
    } else if unrevoked != presented.unrevoked || (signs_anew && !unrevoked.is_empty()) {
        cookies.set_unrevoked(response.headers_mut(), &unrevoked);
    }
    if presented.has_pending_sign_out && !auth.has_pending_sign_out() {
        cookies.remove_pending_sign_out(response.headers_mut());
    }
    // A file is the same for everybody, so it sets no cookie.
    if auth.was_used()
        && let Some(active) = auth.active()
    {
        // It goes with the session that it names.
        let max_age = guardian.token_lifetime(slice::from_ref(&active)).max_age;
        let markers = &presented.markers;
        cookies.set_marker(response.headers_mut(), markers, active.handle(), max_age);
    } else if !presented.markers.is_empty() && (change == CookieChange::Remove || is_question) {
        // Other responses may be late, and the browser has signed in since.
        cookies.remove_marker(response.headers_mut());
    }
    Ok(())
}

/// Saves the visitor's data. Returns the token of an anonymous visitor who had none and now needs one:
/// the id of the data.
async fn save_data(
    auth: &Auth,
    may_save: bool,
) -> Result<Option<Id>, tower_sessions::session::Error> {
    // A visitor may only seem anonymous: the database did not respond, it is unknown which token is the
    // browser's own, or the browser has not sent it. A new token would replace a user's.
    let is_withheld =
        auth.presented().may_be_withheld && auth.cookie_change() == CookieChange::Keep;
    // Only browsers have data without a user.
    let is_app_without_user = auth.is_app() && auth.user().is_none();
    if !may_save || auth.is_unknown() || auth.is_contested() || is_withheld || is_app_without_user {
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
    let stored = || {
        auth.store()
            .successor()
            .filter(|successor| successor.is_stored)
    };
    let gets_token = has_data || stored().is_some();
    if is_first && gets_token && has_just_signed_in(auth).await? {
        tracing::debug!("a visitor's data is not saved: they have just signed in");
        return Ok(None);
    }
    if has_data {
        session.save().await?;
    }
    let stored = stored();
    let token = match known {
        None => session.id(),
        Some(_) => stored.map(|successor| successor.id),
    };
    Ok(token.filter(|_| is_first))
}

/// Whether the visitor has signed in while this request was on its way. A new token for their data would
/// replace the one with which they are signed in.
async fn has_just_signed_in(auth: &Auth) -> Result<bool, session_store::Error> {
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
