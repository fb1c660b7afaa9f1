//! How a server function responds to a form and to a script, and how a handler responds with an error.

use super::redirect::SafeRedirect;
use crate::{AuthError, ErrorStatus, SignOutError};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use serde::Serialize;

/// Returns whether the request that Leptos serves is a plain form post, whose response the user sees: a
/// browser's `Accept` names `text/html`, a script's does not.
///
/// ```
/// use leptos_guardian::server::{SafeRedirect, is_form_post, see_other};
///
/// /// At the end of a server function.
/// fn respond(target: &SafeRedirect) {
///     if is_form_post() {
///         see_other(target);
///     }
/// }
/// ```
pub fn is_form_post() -> bool {
    use_context::<Parts>().is_some_and(|parts| accepts_html(&parts.headers))
}

/// Whether the client shows the response to somebody.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Sends the browser to another page, with a GET
/// ([303 See Other](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)).
///
/// ```
/// use leptos_guardian::server::{Auth, see_other};
///
/// /// At the end of a server function.
/// fn go_home(auth: &Auth) {
///     if let Ok(home) = auth.guardian().redirects().check("/") {
///         see_other(&home);
///     }
/// }
/// ```
pub fn see_other(target: &SafeRedirect) {
    let Some(response) = use_context::<ResponseOptions>() else {
        return;
    };
    match HeaderValue::from_str(target.as_str()) {
        Ok(target) => {
            response.set_status(StatusCode::SEE_OTHER);
            response.insert_header(header::LOCATION, target);
        }
        Err(cause) => tracing::error!(%cause, "a checked redirect is not a header value"),
    }
}

/// Sets the response's status to the error's, for a server function that is about to fail with it.
/// Returns the error.
///
/// ```
/// use leptos_guardian::{AuthError, with_status};
///
/// /// Part of a server function.
/// fn checked(name: &str) -> Result<&str, AuthError> {
///     let is_given = !name.is_empty();
///     is_given.then_some(name).ok_or_else(|| with_status(AuthError::Malformed))
/// }
/// assert_eq!(checked(""), Err(AuthError::Malformed));
/// ```
pub fn with_status<E: ErrorStatus>(error: E) -> E {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(error.status());
        if let Some(seconds) = error.retry_after() {
            response.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    error
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        respond_with(&self)
    }
}

impl IntoResponse for SignOutError {
    fn into_response(self) -> Response {
        respond_with(&self)
    }
}

fn respond_with(error: &(impl ErrorStatus + Serialize)) -> Response {
    (error.status(), Json(error)).into_response()
}
