//! The browser: it reads what the server has written into the page.

use crate::{
    AuthError, AuthState, ErrorStatus, Reason, SignOutError, User,
    client::{
        json::{FromJson, parse},
        navigation::load,
    },
    session_info::Listed,
};
use leptos::{
    prelude::{AnyView, RwSignal, SharedValue},
    server::codee::{Decoder, Encoder},
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::js_sys::{Array, Date, Function, Intl, JsString, Reflect, encode_uri_component};

/// Returns the error. On the server this sets the response's status; a browser has no response.
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
    error
}

/// Returns the error. A browser has no response.
pub(crate) fn refuse_sign_out(error: SignOutError) -> SignOutError {
    error
}

/// Returns the error. A browser has no response.
pub(crate) fn refuse_call(error: AuthError) -> AuthError {
    error
}

/// Reads what the server has written into the page.
struct PageCodec;

impl<T: FromJson> Decoder<T> for PageCodec {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unreadable> {
        parse(text).ok_or(Unreadable)
    }
}

/// Fails: only the server writes.
impl<T> Encoder<T> for PageCodec {
    type Error = Unreadable;
    type Encoded = String;

    fn encode(_: &T) -> Result<String, Unreadable> {
        Err(Unreadable)
    }
}

#[derive(Debug)]
struct Unreadable;

/// Renders the list of sessions that the server has written into the page.
pub(crate) fn list_sessions(
    _: Option<String>,
    list: impl FnOnce(RwSignal<Option<Listed>>) -> AnyView,
) -> AnyView {
    let rendered = SharedValue::<_, PageCodec>::new_with_encoding(|| None);
    list(RwSignal::new(rendered.into_inner()))
}

/// Returns the state that the server has written into the page. Without one, the page asks.
pub(crate) fn initial_state() -> (AuthState, Vec<User>) {
    let state =
        SharedValue::<(AuthState, Vec<User>), PageCodec>::new_with_encoding(Default::default);
    state.into_inner()
}

/// Loads the sign-in page, with the current page as its callback URL, and with the reason unless the
/// user signed out.
pub(crate) fn leave_for_sign_in(sign_in_url: &str, current_page: &str, reason: Option<Reason>) {
    let callback_url = String::from(encode_uri_component(current_page));
    let reason = match reason {
        None | Some(Reason::User) => String::new(),
        Some(reason) => format!("&reason={}", reason.as_str()),
    };
    load(&format!(
        "{sign_in_url}?callback_url={callback_url}{reason}"
    ));
}

/// Formats a time for programs.
pub(crate) fn iso_time(seconds: i64) -> String {
    date(seconds).to_iso_string().into()
}

/// Formats a time for people, in their language and time zone.
pub(crate) fn exact_time(seconds: i64) -> String {
    let language = leptos::prelude::window().navigator().language();
    let text = date(seconds).to_locale_string(&language.unwrap_or_default(), &JsValue::UNDEFINED);
    text.into()
}

fn date(seconds: i64) -> Date {
    Date::new(&JsValue::from_f64(seconds as f64 * 1000.0))
}

/// Returns the time, in seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    (Date::now() / 1000.0) as i64
}

/// Returns the first letter of a word, as a capital.
pub(crate) fn initial(word: &str) -> Option<String> {
    let mut characters = word.chars();
    let first = characters.next()?;
    // Two ASCII characters never form one letter, and asking the browser takes longer than rendering
    // the whole button.
    if first.is_ascii() && characters.next().is_none_or(|next| next.is_ascii()) {
        return Some(first.to_ascii_uppercase().into());
    }
    let letter = first_segment(word).unwrap_or_else(|| first.to_string().into());
    Some(letter.to_upper_case().into())
}

/// Returns the first letter as the browser segments the word: an emoji of several code points counts as
/// one. `None` in some browsers from before 2024.
fn first_segment(word: &str) -> Option<JsString> {
    let intl = Reflect::get(&leptos::prelude::window(), &"Intl".into()).ok()?;
    let segmenter = Reflect::get(&intl, &"Segmenter".into()).ok()?;
    let segmenter = Reflect::construct(segmenter.dyn_ref::<Function>()?, &Array::new()).ok()?;
    let segmenter: Intl::Segmenter = segmenter.unchecked_into();
    Some(segmenter.segment(word).containing(0)?.segment())
}
