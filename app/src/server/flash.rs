//! The flash message travels to the next page in a short-lived cookie.

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

/// Long enough to follow the redirect.
const MAX_AGE: Duration = Duration::minutes(1);

/// The cookie's content. It names the error without its text, because anybody can write a cookie.
#[derive(Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The form's action.
    pub(super) form: String,
    /// Why the form was not accepted. `None` when it was.
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

/// Leaves a flash message for the next page. Input is cut to the length that the form accepts, and
/// dropped if the cookie is still too long: the error is shown in any case.
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

/// Reads the flash message for this page, and removes its cookie.
pub(crate) fn take_flash() -> Flash {
    read().map(Flash::from).unwrap_or_default()
}

fn read() -> Option<Outcome> {
    let parts = use_context::<Parts>()?;
    let guardian = guardian()?;
    let name = guardian.cookie_name(NAME);
    let mut values = cookie_values(&parts.headers, &name).peekable();
    values.peek()?;
    send(&build(&guardian, String::new(), Duration::ZERO));
    // The page shows what somebody typed.
    use_context::<ResponseOptions>()?
        .insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    values.find_map(|value| {
        let json = URL_SAFE_NO_PAD.decode(value).ok()?;
        serde_json::from_slice(&json).ok()
    })
}

fn guardian() -> Option<Guardian> {
    Some(Auth::from_context()?.guardian().clone())
}

fn write(guardian: &Guardian, outcome: &Outcome) -> Cookie<'static> {
    let json = serde_json::to_vec(outcome).expect("strings and numbers are valid JSON");
    build(guardian, URL_SAFE_NO_PAD.encode(json), MAX_AGE)
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
