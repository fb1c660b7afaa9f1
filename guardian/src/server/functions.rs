//! What the server functions and the rendered page ask of the server.

use super::{Auth, SafeRedirect, is_form_post, see_other, with_status};
use crate::{AuthError, AuthState, SignOutError, SignOutOptions, SignedOut, User};
use http::{header, request::Parts};
use leptos::prelude::use_context;

/// Carries out a sign-out that came as form fields, and answers as the client expects.
pub(crate) async fn sign_out(
    scope: Option<String>,
    redirect: Option<bool>,
    callback_url: Option<String>,
) -> Result<SignedOut, SignOutError> {
    let auth = Auth::from_context().ok_or_else(|| with_status(SignOutError::NotProtected))?;
    let scope = scope.unwrap_or_default();
    let options = SignOutOptions {
        scope: match scope.as_str() {
            "" => Default::default(),
            scope => scope
                .parse()
                .map_err(|_| with_status(SignOutError::Malformed))?,
        },
        redirect: redirect.unwrap_or(true),
        callback_url,
    };
    let outcome = auth.sign_out(options.clone()).await;
    if is_form_post() {
        see_other(&match &outcome {
            Ok(outcome) => after_success(&auth, outcome),
            Err(_) => after_failure(&auth, &options),
        });
        return outcome;
    }
    outcome.map_err(with_status)
}

/// A form that asked to stay goes back to the page it was on.
fn after_success(auth: &Auth, outcome: &SignedOut) -> SafeRedirect {
    let guardian = auth.guardian();
    let parts = use_context::<Parts>();
    let referer = || parts.as_ref()?.headers.get(header::REFERER)?.to_str().ok();
    outcome
        .url
        .as_deref()
        .or_else(referer)
        .and_then(|url| guardian.redirects().check(url).ok())
        .unwrap_or_else(|| guardian.0.after_sign_out_url.clone())
}

/// The sign-out page says what happened, and its form is the retry.
fn after_failure(auth: &Auth, options: &SignOutOptions) -> SafeRedirect {
    let guardian = auth.guardian();
    let page = &guardian.0.sign_out_page;
    let scope = options.scope.as_str();
    let failed = format!("{page}?error=unavailable&scope={scope}");
    guardian
        .redirects()
        .check_page(&failed, options.callback_url.as_deref())
        .unwrap_or_else(|_| page.clone())
}

/// Who is signed in.
pub(crate) fn session() -> Result<Option<User>, AuthError> {
    let auth = Auth::from_context().ok_or_else(|| with_status(AuthError::NotProtected))?;
    match auth.require_user() {
        Ok(user) => Ok(Some((*user).clone())),
        Err(AuthError::SignedOut) => Ok(None),
        Err(error) => Err(with_status(error)),
    }
}

/// The auth state that the page is rendered with.
pub(crate) fn initial_state() -> AuthState {
    match session() {
        Ok(user) => user.into(),
        Err(_) => AuthState::Loading,
    }
}

/// Answers the page's request with the sign-in page, which leads back to it.
pub(crate) fn leave_for_sign_in(sign_in_url: &str) {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return;
    };
    let here = parts.uri.path_and_query().map(|here| here.as_str());
    match auth.guardian().redirects().check_page(sign_in_url, here) {
        Ok(target) => see_other(&target),
        Err(refused) => tracing::error!(%refused, sign_in_url, "the sign-in page is refused"),
    }
}
