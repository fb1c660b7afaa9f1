//! The note's way to the next page: a short-lived cookie of its own.

use super::{accounts::NAME_LENGTH, email};
use crate::{FormError, flash::Flash};
use axum::http::{HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time::Duration};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use leptos_guardian::server::{Auth, Guardian, cookie_values};
use serde::{Deserialize, Serialize};

const NAME: &str = "flash";

/// The longest cookie, with its name and attributes, in bytes: half of the 4096 that browsers keep
/// ([RFC 6265, section 6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)) and that nginx
/// reads of all headers together.
const MAX_LENGTH: usize = 2048;

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

/// Leaves a note for the next page. Of what was typed it keeps as much as the form accepts, and
/// nothing when that is too much for a cookie: the error is shown in any case.
pub(super) fn leave_flash(mut outcome: Outcome) {
    outcome.name = outcome.name.chars().take(NAME_LENGTH).collect();
    outcome.email = outcome.email.chars().take(email::LENGTH).collect();
    let Some(guardian) = guardian() else { return };
    let mut cookie = write(&guardian, &outcome);
    if cookie.to_string().len() > MAX_LENGTH {
        outcome.name.clear();
        outcome.email.clear();
        cookie = write(&guardian, &outcome);
    }
    send(&cookie);
}

/// Takes the note that was left for this page.
pub(crate) fn take_flash() -> Flash {
    read().map(Flash::from).unwrap_or_default()
}

fn read() -> Option<Outcome> {
    let parts = use_context::<Parts>()?;
    let guardian = guardian()?;
    let name = guardian.cookie_name(NAME);
    let mut notes = cookie_values(&parts.headers, &name).peekable();
    notes.peek()?;
    send(&build(&guardian, String::new(), Duration::ZERO));
    // The page repeats what somebody typed.
    use_context::<ResponseOptions>()?
        .insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    notes.find_map(|note| {
        let note = URL_SAFE_NO_PAD.decode(note).ok()?;
        serde_json::from_slice(&note).ok()
    })
}

fn guardian() -> Option<Guardian> {
    Some(Auth::from_context()?.guardian().clone())
}

fn write(guardian: &Guardian, outcome: &Outcome) -> Cookie<'static> {
    let note = serde_json::to_vec(outcome).expect("strings and numbers are valid JSON");
    build(guardian, URL_SAFE_NO_PAD.encode(note), MAX_AGE)
}

fn build(guardian: &Guardian, value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build((guardian.cookie_name(NAME), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(guardian.is_secure())
        .max_age(max_age)
        .build()
}

fn send(cookie: &Cookie) {
    if let (Some(response), Ok(value)) = (
        use_context::<ResponseOptions>(),
        HeaderValue::from_str(&cookie.to_string()),
    ) {
        response.append_header(header::SET_COOKIE, value);
    }
}
