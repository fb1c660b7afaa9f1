//! The flash message travels to the next page in a short-lived cookie.

use super::kept_fields::kept_fields;
use crate::{Flash, FormFailure};
use axum::http::{HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time::Duration};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use leptos_guardian::server::{Auth, Guardian, cookie_values};
use serde::{Deserialize, Serialize};

const NAME: &str = "flash";

/// The cookie of a form whose user must first confirm who they are. It waits for the form's own page.
const INTERRUPTED: &str = "interrupted_form";

/// The longest cookie, with its name and attributes, in bytes: half of the 4096 that browsers keep
/// ([RFC 6265, section 6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)) and that nginx
/// reads of all headers together.
const MAX_LENGTH: usize = 2048;

/// Long enough to follow the redirect.
const MAX_AGE: Duration = Duration::minutes(1);

/// Long enough to find a password.
const INTERRUPTED_MAX_AGE: Duration = Duration::minutes(10);

/// The longest JSON in a cookie of `MAX_LENGTH`, in bytes. Base64 has four characters for three
/// bytes; 128 characters are for the cookie's name and attributes.
const LONGEST_JSON: usize = (MAX_LENGTH - 128) / 4 * 3;

/// The cookie's content. It names the error without its text, because anybody can write a cookie.
#[derive(Serialize, Deserialize)]
#[serde(bound = "E: FormFailure")]
pub(super) struct Outcome<E: FormFailure> {
    /// The form's action.
    form: String,
    /// Why the form was not accepted. `None` when it was.
    error: Option<E>,
    /// What was typed. Empty when the form was accepted.
    typed: Vec<(String, String)>,
}

impl<E: FormFailure> Outcome<E> {
    /// The outcome of this request's form.
    pub(super) fn new(form: &str, error: Option<E>) -> Self {
        let typed = error.as_ref().map(|_| kept_fields());
        Self {
            form: form.to_owned(),
            error,
            typed: typed.unwrap_or_default(),
        }
    }

    /// Drops the longest fields until the rest fits into the cookie.
    fn fit(mut self) -> Self {
        let typed = std::mem::take(&mut self.typed);
        let mut left = LONGEST_JSON.saturating_sub(json(&self).len());
        let length = |field: &(String, String)| json(field).len() + 1;
        let mut by_length: Vec<_> = typed.into_iter().enumerate().collect();
        by_length.sort_by_cached_key(|(_, field)| length(field));
        by_length.retain(|(_, field)| {
            let rest = left.checked_sub(length(field));
            left = rest.unwrap_or(0);
            rest.is_some()
        });
        by_length.sort_by_key(|(place, _)| *place);
        self.typed = by_length.into_iter().map(|(_, field)| field).collect();
        self
    }
}

impl<E: FormFailure> From<Outcome<E>> for Flash {
    fn from(outcome: Outcome<E>) -> Self {
        let error = outcome.error.as_ref();
        let field = error.and_then(E::field).unwrap_or_default();
        Self {
            form: outcome.form,
            alert: error.map(E::to_string).unwrap_or_default(),
            field: field.to_owned(),
            typed: outcome.typed,
        }
    }
}

/// Leaves a flash message for the next page. The error is shown in any case, and as many fields as
/// fit keep what was typed.
pub(super) fn leave_flash<E: FormFailure>(outcome: Outcome<E>) {
    let Some(guardian) = guardian() else { return };
    let is_interrupted = outcome.error.as_ref().and_then(E::confirm_page).is_some();
    let value = URL_SAFE_NO_PAD.encode(json(&outcome.fit()));
    send(&if is_interrupted {
        build(&guardian, INTERRUPTED, value, INTERRUPTED_MAX_AGE)
    } else {
        build(&guardian, NAME, value, MAX_AGE)
    });
}

/// Reads the flash message for this page, and removes its cookie.
pub(crate) fn take_flash<E: FormFailure>() -> Flash {
    read::<E>().map(Flash::from).unwrap_or_default()
}

fn read<E: FormFailure>() -> Option<Outcome<E>> {
    let parts = use_context::<Parts>()?;
    let guardian = guardian()?;
    let values = |name| {
        let name = guardian.cookie_name(name);
        let values = cookie_values(&parts.headers, &name);
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let (latest, interrupted) = (values(NAME), values(INTERRUPTED));
    let is_here = |outcome: &Outcome<E>| E::page_of(&outcome.form) == parts.uri.path();
    let resumed = decode::<E>(&interrupted).filter(is_here);
    if !latest.is_empty() {
        send(&build(&guardian, NAME, String::new(), Duration::ZERO));
    }
    if resumed.is_some() {
        send(&build(
            &guardian,
            INTERRUPTED,
            String::new(),
            Duration::ZERO,
        ));
    }
    if latest.is_empty() && resumed.is_none() {
        return None;
    }
    // The page shows what somebody typed.
    use_context::<ResponseOptions>()?
        .insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    decode(&latest).or(resumed)
}

/// The first value that is an outcome.
fn decode<E: FormFailure>(values: &[String]) -> Option<Outcome<E>> {
    values.iter().find_map(|value| {
        let json = URL_SAFE_NO_PAD.decode(value).ok()?;
        serde_json::from_slice(&json).ok()
    })
}

fn guardian() -> Option<Guardian> {
    Some(Auth::from_context()?.guardian().clone())
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings and numbers are valid JSON")
}

fn build(guardian: &Guardian, name: &str, value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build((guardian.cookie_name(name), value))
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
