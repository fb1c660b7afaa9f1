//! How a server function answers a form and how it answers a script.

use super::redirect::SafeRedirect;
use crate::ErrorStatus;
use http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Whether the request that Leptos is serving is a plain form post, whose answer a person
/// looks at: a browser's `Accept` names `text/html`, a script's does not.
///
/// ```
/// use leptos_guardian::server::{SafeRedirect, is_form_post, see_other};
///
/// /// At the end of a server function.
/// fn lead_on(target: &SafeRedirect) {
///     if is_form_post() {
///         see_other(target);
///     }
/// }
/// ```
pub fn is_form_post() -> bool {
    use_context::<Parts>()
        .as_ref()
        .and_then(|parts| parts.headers.get(header::ACCEPT)?.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// Sends the browser on, with a GET
/// ([303 See Other](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)).
///
/// ```
/// use leptos_guardian::server::{Auth, see_other};
///
/// /// At the end of a server function.
/// fn lead_home(auth: &Auth) {
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
        Err(cause) => tracing::error!(%cause, "a checked redirect is no header value"),
    }
}

/// Gives the response of the server function that is about to fail the error's status.
/// Returns the error, to be used at the end of an expression.
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
        response.set_status(
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        );
        if let Some(seconds) = error.retry_after() {
            response.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    error
}
