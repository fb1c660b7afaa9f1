//! What the server functions and the rendered page ask of the server.

use super::{Auth, SafeRedirect, in_order::in_order, is_form_post, see_other, with_status};
use crate::{
    Accounts, AuthError, AuthState, Reason, SessionCursor, SessionHandle, SessionPage,
    SignOutError, SignOutOptions, SignedOut, User, session_info::Listed,
};
use http::{header, request::Parts};
use leptos::{
    prelude::{AnyView, Resource, RwSignal, SharedValue, use_context},
    server_fn::error::ServerFnUrlError,
};
use std::str::FromStr as _;
use time::{
    UtcDateTime, format_description::well_known::Rfc3339, formatting::Formattable,
    macros::format_description,
};
use url::{Url, form_urlencoded};

/// Carries out a sign-out that came as form fields, and answers as the client expects.
pub(crate) async fn sign_out(
    scope: Option<String>,
    session: Option<String>,
    redirect: Option<bool>,
    callback_url: Option<String>,
) -> Result<SignedOut, SignOutError> {
    let auth = Auth::from_context().ok_or_else(|| with_status(SignOutError::NotProtected))?;
    let scope = scope.unwrap_or_default();
    let session = session.filter(|session| !session.is_empty());
    let options = SignOutOptions {
        scope: match scope.as_str() {
            "" => Default::default(),
            scope => scope
                .parse()
                .map_err(|_| refuse_sign_out(SignOutError::Malformed))?,
        },
        session: session.as_deref().map(SessionHandle::from),
        redirect: redirect.unwrap_or(true),
        callback_url,
    };
    let outcome = auth.sign_out(options.clone()).await;
    if is_form_post() {
        see_other(&match &outcome {
            // A form that asked to stay goes back to the page it was on.
            Ok(outcome) => there_or_back(&auth, outcome.url.as_deref()),
            Err(_) => after_failure(&auth, &options),
        });
        return outcome;
    }
    outcome.map_err(with_status)
}

/// Where a form's browser goes: to `url`, or back to its page.
fn there_or_back(auth: &Auth, url: Option<&str>) -> SafeRedirect {
    let guardian = auth.guardian();
    let parts = use_context::<Parts>();
    let referer = || parts.as_ref()?.headers.get(header::REFERER)?.to_str().ok();
    url.filter(|url| !url.is_empty())
        .or_else(referer)
        .and_then(|url| guardian.redirects().check(url).ok())
        .unwrap_or_else(|| guardian.0.after_sign_out_url.clone())
}

/// The sign-out page says what happened, and its form is the retry.
fn after_failure(auth: &Auth, options: &SignOutOptions) -> SafeRedirect {
    let mut failed = form_urlencoded::Serializer::new(String::new());
    failed.append_pair("error", "unavailable");
    failed.append_pair("scope", options.scope.as_str());
    if let Some(session) = &options.session {
        failed.append_pair("session", session.as_str());
    }
    sign_out_page(auth, &failed.finish(), options.callback_url.as_deref())
}

fn sign_out_page(auth: &Auth, failed: &str, callback_url: Option<&str>) -> SafeRedirect {
    let guardian = auth.guardian();
    let page = &guardian.0.sign_out_page;
    guardian
        .redirects()
        .check_page(&format!("{page}?{failed}"), callback_url)
        .unwrap_or_else(|_| page.clone())
}

/// Refuses a sign-out that was not understood. A form leads to the sign-out page, which says so
/// and lets the person choose.
pub(crate) fn refuse_sign_out(error: SignOutError) -> SignOutError {
    match Auth::from_context() {
        Some(auth) if is_form_post() => {
            see_other(&sign_out_page(&auth, "error=malformed", None));
            error
        }
        _ => with_status(error),
    }
}

/// Answers another call that was not understood. A form leads back to its page, whose address
/// tells the error to Leptos.
pub(crate) fn refuse_call(error: AuthError) -> AuthError {
    match Auth::from_context() {
        Some(auth) if is_form_post() => {
            see_other(&back_with(&auth, &error));
            error
        }
        _ => with_status(error),
    }
}

fn back_with(auth: &Auth, error: &AuthError) -> SafeRedirect {
    let parts = use_context::<Parts>();
    let address = parts.as_ref().and_then(|parts| {
        let referer = parts.headers.get(header::REFERER)?.to_str().ok()?;
        let error = ServerFnUrlError::new(parts.uri.path(), error.clone());
        error.to_url(referer).ok()
    });
    there_or_back(auth, address.as_ref().map(Url::as_str))
}

/// Who is signed in.
pub(crate) fn session() -> Result<Option<Accounts>, AuthError> {
    match auth()?.accounts() {
        Ok(accounts) => Ok(Some(accounts)),
        Err(AuthError::SignedOut) => Ok(None),
        Err(error) => Err(with_status(error)),
    }
}

/// Where the user is signed in, from a place in that list on.
pub(crate) async fn sessions(after: Option<SessionCursor>) -> Result<SessionPage, AuthError> {
    let page = auth()?.sessions(after.as_ref()).await;
    page.map_err(with_status)
}

/// The same for a page, whose address has the place.
async fn sessions_of_page(after: Option<String>) -> Result<SessionPage, AuthError> {
    let after = after.as_deref().map(SessionCursor::from_str).transpose();
    sessions(after.map_err(|_| with_status(AuthError::Malformed))?).await
}

/// Makes another account the active one.
pub(crate) async fn switch_account(
    session: String,
    callback_url: Option<String>,
) -> Result<Accounts, AuthError> {
    let auth = auth()?;
    let outcome = auth
        .switch_account(&SessionHandle::from(session.as_str()))
        .await;
    if is_form_post() {
        // After a failure, too: the page shows who is signed in now.
        see_other(&there_or_back(&auth, callback_url.as_deref()));
        return outcome;
    }
    outcome.map_err(with_status)
}

fn auth() -> Result<Auth, AuthError> {
    Auth::from_context().ok_or_else(|| with_status(AuthError::NotProtected))
}

/// What the page is rendered with, and what is written into it: the auth state, and the browser's
/// other accounts.
pub(crate) fn initial_state() -> (AuthState, Vec<User>) {
    let state = SharedValue::new(|| match session() {
        Ok(Some(accounts)) => (AuthState::SignedIn(accounts.active), accounts.others),
        Ok(None) => (AuthState::SignedOut, Vec::new()),
        Err(_) => (AuthState::Loading, Vec::new()),
    });
    state.into_inner()
}

/// The list of sessions, found out while the page is rendered, and written into it.
pub(crate) fn list_sessions(
    after: Option<String>,
    list: impl FnOnce(RwSignal<Option<Listed>>) -> AnyView + Send + 'static,
) -> AnyView {
    // Blocking: when it fails, the page's status says so.
    let ask = move || {
        let after = after.clone();
        async { (sessions_of_page(after).await, now()) }
    };
    let listed = Resource::new_blocking(|| (), move |()| ask());
    in_order(async move { list(RwSignal::new(Some(listed.await))) })
}

/// Answers the page's request with the sign-in page, which leads back to it. Why nobody is
/// signed in, only an open page has heard.
pub(crate) fn leave_for_sign_in(sign_in_url: &str, _: &str, _: Option<Reason>) {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return;
    };
    let here = parts.uri.path_and_query().map(|here| here.as_str());
    match auth.guardian().redirects().check_page(sign_in_url, here) {
        Ok(target) => see_other(&target),
        Err(refused) => tracing::error!(%refused, sign_in_url, "the sign-in page is refused"),
    }
}

/// A time for programs.
pub(crate) fn iso_time(seconds: i64) -> String {
    in_utc(seconds, &Rfc3339)
}

/// A time, exactly, for those who do not run the page's program: in UTC.
pub(crate) fn exact_time(seconds: i64) -> String {
    let words =
        format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
    in_utc(seconds, &words)
}

fn in_utc(seconds: i64, format: &(impl Formattable + ?Sized)) -> String {
    let time = UtcDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// Now, in seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    UtcDateTime::now().unix_timestamp()
}
