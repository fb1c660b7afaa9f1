//! The work of the server functions.

use super::{
    Auth, SafeRedirect, cross_origin::IsCrossOrigin, is_form_post, protect::FUNCTIONS, see_other,
    with_status,
};
use crate::{
    Accounts, AuthError, SessionCursor, SessionHandle, SessionPage, SignOutError, SignOutOptions,
    SignedOut, session_info::is_handle,
};
use axum::extract::OriginalUri;
use http::{header, request::Parts};
use leptos::{prelude::use_context, server_fn::error::ServerFnUrlError};
use url::{Url, form_urlencoded};

/// Carries out a sign-out that came as form fields, and responds as the client expects.
pub(crate) async fn sign_out(
    scope: Option<String>,
    session: Option<String>,
    redirect: Option<bool>,
    callback_url: Option<String>,
    shown_user: Option<String>,
) -> Result<SignedOut, SignOutError> {
    let auth = reachable().ok_or_else(|| with_status(SignOutError::NotProtected))?;
    let session = session.filter(|session| !session.is_empty());
    if session
        .as_deref()
        .is_some_and(|session| !is_handle(session))
    {
        return Err(refuse_sign_out(SignOutError::Malformed));
    }
    let mut options = SignOutOptions {
        scope: match scope.as_deref() {
            None | Some("") => Default::default(),
            Some(scope) => scope
                .parse()
                .map_err(|_| refuse_sign_out(SignOutError::Malformed))?,
        },
        session: session.map(SessionHandle::from),
        redirect: redirect.unwrap_or(true),
        callback_url,
    };
    let shown_user = shown_user.filter(|user| !user.is_empty());
    let is_done = shown_user.is_some_and(|user| auth.has_signed_out_shown(&mut options, &user));
    if !is_done && let Some(page) = confirmation_page(&auth, &options) {
        let error = SignOutError::ConfirmationRequired {
            url: url_for_caller(&auth, page.as_str()),
        };
        if is_form_post() {
            see_other(&page);
            return Err(error);
        }
        return Err(with_status(error));
    }
    let outcome = if is_done {
        Ok(auth.signed_out(&options, Vec::new(), Vec::new()))
    } else {
        auth.sign_out(options.clone()).await
    };
    if is_form_post() {
        see_other(&match &outcome {
            // A form that asked to stay goes back to its page.
            Ok(outcome) => target_or_referer(&auth, outcome.url.as_deref()),
            Err(_) => retry_page(&auth, &options),
        });
        return outcome;
    }
    let mut outcome = outcome.map_err(with_status)?;
    outcome.url = outcome.url.map(|url| url_for_caller(&auth, &url));
    Ok(outcome)
}

/// Returns a URL as the calling page understands it.
fn url_for_caller(auth: &Auth, url: &str) -> String {
    let parts = use_context::<Parts>();
    if parts.is_some_and(|parts| parts.extensions.get::<IsCrossOrigin>().is_some()) {
        // On the page's own origin, a path would lead elsewhere.
        return auth.guardian().redirects().full_url(url);
    }
    url.to_owned()
}

/// Returns the page where the user must first confirm who they are. It leads back to the page of the button.
fn confirmation_page(auth: &Auth, options: &SignOutOptions) -> Option<SafeRedirect> {
    let guardian = auth.guardian();
    let confirmation = guardian.0.confirmation.as_ref()?;
    if !auth.must_confirm(options, confirmation.max_age) {
        return None;
    }
    let redirects = guardian.redirects();
    let own = sign_out_page(auth, &to_query(options), options.callback_url.as_deref());
    let path = |url: &SafeRedirect| url.as_str().split('?').next().map(str::to_owned);
    // The sign-out page itself knows by its query what was chosen.
    let back = referer(auth).filter(|page| path(page) != path(&own));
    let back = back.unwrap_or(own);
    let page = redirects.check_page(confirmation.page.as_str(), Some(back.as_str()));
    Some(page.unwrap_or_else(|_| confirmation.page.clone()))
}

/// Returns where the browser goes after a form: to `url`, or back to the form's page.
fn target_or_referer(auth: &Auth, url: Option<&str>) -> SafeRedirect {
    let guardian = auth.guardian();
    let target = match url.filter(|url| !url.is_empty()) {
        Some(url) => guardian.redirects().check(url).ok(),
        None => referer(auth),
    };
    target.unwrap_or_else(|| guardian.0.after_sign_out_url.clone())
}

/// Returns the page that sent the request, if a redirect may lead there.
fn referer(auth: &Auth) -> Option<SafeRedirect> {
    let parts = use_context::<Parts>()?;
    let url = parts.headers.get(header::REFERER)?.to_str().ok()?;
    auth.guardian().redirects().check(url).ok()
}

/// Returns the sign-out page, which says what failed. Its form sends the sign-out again.
fn retry_page(auth: &Auth, options: &SignOutOptions) -> SafeRedirect {
    let query = format!("error=unavailable&{}", to_query(options));
    sign_out_page(auth, &query, options.callback_url.as_deref())
}

/// Returns the query with which the sign-out page offers the same sign-out again.
fn to_query(options: &SignOutOptions) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("scope", options.scope.as_str());
    if let Some(session) = &options.session {
        query.append_pair("session", session.as_str());
    }
    query.finish()
}

fn sign_out_page(auth: &Auth, query: &str, callback_url: Option<&str>) -> SafeRedirect {
    let guardian = auth.guardian();
    let page = &guardian.0.sign_out_page;
    guardian
        .redirects()
        .check_page(&format!("{page}?{query}"), callback_url)
        .unwrap_or_else(|_| page.clone())
}

/// Refuses a malformed sign-out. After a form, the browser goes to the sign-out page, which says so and
/// lets the user choose.
pub(crate) fn refuse_sign_out(error: SignOutError) -> SignOutError {
    match Auth::from_context() {
        Some(auth) if is_form_post() => {
            see_other(&sign_out_page(&auth, "error=malformed", None));
            error
        }
        _ => with_status(error),
    }
}

/// Refuses any other malformed call. After a form, the browser goes back to its page, with the error in
/// the URL for Leptos.
pub(crate) fn refuse_call(error: AuthError) -> AuthError {
    match Auth::from_context() {
        Some(auth) if is_form_post() => {
            see_other(&referer_with_error(&auth, &error));
            error
        }
        _ => with_status(error),
    }
}

fn referer_with_error(auth: &Auth, error: &AuthError) -> SafeRedirect {
    let parts = use_context::<Parts>();
    let url = parts.as_ref().and_then(|parts| {
        let referer = parts.headers.get(header::REFERER)?.to_str().ok()?;
        let error = ServerFnUrlError::new(parts.uri.path(), error.clone());
        error.to_url(referer).ok()
    });
    target_or_referer(auth, url.as_ref().map(Url::as_str))
}

/// Returns the signed-in accounts of the browser.
pub(crate) fn session() -> Result<Option<Accounts>, AuthError> {
    match auth()?.accounts() {
        Ok(accounts) => Ok(Some(accounts)),
        Err(AuthError::SignedOut) => Ok(None),
        Err(error) => Err(with_status(error)),
    }
}

/// Lists where the user is signed in, from the cursor `after` on.
pub(crate) async fn sessions(after: Option<SessionCursor>) -> Result<SessionPage, AuthError> {
    let page = auth()?.sessions(after.as_ref()).await;
    page.map_err(with_status)
}

/// Makes another account the active one.
pub(crate) async fn switch_account(
    session: String,
    callback_url: Option<String>,
) -> Result<Accounts, AuthError> {
    let auth = auth()?;
    let outcome = auth.switch_account(&SessionHandle::from(session)).await;
    if is_form_post() {
        // Also after a failure: the page shows who is signed in now.
        see_other(&target_or_referer(&auth, callback_url.as_deref()));
        return outcome;
    }
    outcome.map_err(with_status)
}

/// Returns the request's [`Auth`]; an error if the route is not protected.
fn auth() -> Result<Auth, AuthError> {
    reachable().ok_or_else(|| with_status(AuthError::NotProtected))
}

/// Returns the request's [`Auth`], if browsers send the cookie to this path. Otherwise nobody would seem
/// signed in, and a sign-out would report success.
fn reachable() -> Option<Auth> {
    let auth = Auth::from_context()?;
    let parts = use_context::<Parts>();
    let original = parts.as_ref().map(|parts| {
        let original = parts.extensions.get::<OriginalUri>();
        original.map_or(&parts.uri, |original| &original.0).path()
    });
    // A page elsewhere is one for visitors.
    let is_function = |path: &&str| FUNCTIONS.iter().any(|function| path.ends_with(function));
    let cookies = &auth.guardian().0.cookies;
    let is_reached = auth.is_app()
        || original
            .filter(is_function)
            .is_none_or(|path| cookies.reach(path));
    if !is_reached {
        tracing::error!(
            "browsers do not send the cookie to the library's functions: see Builder::cookie_path"
        );
    }
    is_reached.then_some(auth)
}
