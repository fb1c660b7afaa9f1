//! The note's way to the next page: a short-lived cookie of its own.

use crate::{FormError, flash::Flash};
use axum::http::{HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time::Duration};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use leptos_guardian::server::Auth;
use serde::{Deserialize, Serialize};

const NAME: &str = "flash";

/// Long enough for the redirect to be followed.
const MAX_AGE: Duration = Duration::minutes(1);

/// What became of a form. It names the error, whose words are the server's own: anybody may
/// have written the cookie.
#[derive(Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The form, by its action.
    pub(super) form: String,
    /// Why the form was not accepted; `None` when it was.
    pub(super) error: Option<FormError>,
    /// What was typed.
    pub(super) name: String,
    pub(super) email: String,
}

impl From<Outcome> for Flash {
    fn from(outcome: Outcome) -> Self {
        let error = outcome.error.as_ref();
        let field = error.and_then(FormError::field).unwrap_or_default();
        Self {
            form: outcome.form,
            alert: error.map(FormError::to_string).unwrap_or_default(),
            field: field.to_owned(),
            name: outcome.name,
            email: outcome.email,
        }
    }
}

/// Leaves a note for the next page.
pub(super) fn leave_flash(outcome: &Outcome) {
    match serde_json::to_vec(outcome) {
        Ok(note) => send(URL_SAFE_NO_PAD.encode(note), MAX_AGE),
        Err(cause) => tracing::error!(%cause, "a note for the next page could not be written"),
    }
}

/// Takes the note that was left for this page.
pub(crate) fn take_flash() -> Flash {
    read().map(Flash::from).unwrap_or_default()
}

fn read() -> Option<Outcome> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get(header::COOKIE)?.to_str().ok()?;
    let note = Cookie::split_parse(cookies)
        .flatten()
        .find(|cookie| cookie.name() == NAME)?;
    send(String::new(), Duration::ZERO);
    // The page repeats what somebody typed.
    use_context::<ResponseOptions>()?
        .insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let note = URL_SAFE_NO_PAD.decode(note.value()).ok()?;
    serde_json::from_slice(&note).ok()
}

fn send(value: String, max_age: Duration) {
    let cookie = Cookie::build((NAME, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(Auth::from_context().is_some_and(|auth| auth.guardian().is_secure()))
        .max_age(max_age)
        .build();
    if let (Some(response), Ok(value)) = (
        use_context::<ResponseOptions>(),
        HeaderValue::from_str(&cookie.to_string()),
    ) {
        response.append_header(header::SET_COOKIE, value);
    }
}
