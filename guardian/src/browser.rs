//! In the browser: what the server does for a page or a response, where there is none.

use crate::{
    AuthError, AuthState, ErrorStatus, Reason, SignOutError, User,
    client::{
        json::{FromJson, parse},
        load,
    },
    session_info::Listed,
};
use leptos::{
    prelude::{AnyView, RwSignal, SharedValue},
    server::codee::{Decoder, Encoder},
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::js_sys::{Array, Date, Function, Intl, JsString, Reflect, encode_uri_component};

/// On the server this sets the response's status; in a browser there is no response.
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

/// A browser refuses nothing.
pub(crate) fn refuse_sign_out(error: SignOutError) -> SignOutError {
    error
}

/// The same for a question.
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

/// Only the server writes.
impl<T> Encoder<T> for PageCodec {
    type Error = Unreadable;
    type Encoded = String;

    fn encode(_: &T) -> Result<String, Unreadable> {
        Err(Unreadable)
    }
}

#[derive(Debug)]
struct Unreadable;

/// The list of sessions, as the server has rendered it.
pub(crate) fn list_sessions(
    _: Option<String>,
    list: impl FnOnce(RwSignal<Option<Listed>>) -> AnyView,
) -> AnyView {
    let rendered = SharedValue::<_, PageCodec>::new_with_encoding(|| None);
    list(RwSignal::new(rendered.into_inner()))
}

/// What the server has written into the page. One that nobody told who is signed in asks.
pub(crate) fn initial_state() -> (AuthState, Vec<User>) {
    let state =
        SharedValue::<(AuthState, Vec<User>), PageCodec>::new_with_encoding(Default::default);
    state.into_inner()
}

/// Loads the sign-in page, which leads back `here`, and says why if it was not the person's
/// own doing.
pub(crate) fn leave_for_sign_in(sign_in_url: &str, here: &str, reason: Option<Reason>) {
    let here = String::from(encode_uri_component(here));
    let reason = match reason {
        None | Some(Reason::User) => String::new(),
        Some(reason) => format!("&reason={}", reason.as_str()),
    };
    load(&format!("{sign_in_url}?callback_url={here}{reason}"));
}

/// A time for programs.
pub(crate) fn iso_time(seconds: i64) -> String {
    date(seconds).to_iso_string().into()
}

/// A time, exactly, in the viewer's language and time zone.
pub(crate) fn exact_time(seconds: i64) -> String {
    let language = leptos::prelude::window().navigator().language();
    let words = date(seconds).to_locale_string(&language.unwrap_or_default(), &JsValue::UNDEFINED);
    words.into()
}

fn date(seconds: i64) -> Date {
    Date::new(&JsValue::from_f64(seconds as f64 * 1000.0))
}

/// Now, in seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    (Date::now() / 1000.0) as i64
}

/// The first letter of a word, as a capital.
pub(crate) fn initial(word: &str) -> Option<String> {
    let mut characters = word.chars();
    let first = characters.next()?;
    // One of these is always a letter of its own, and asking costs more than the whole button.
    if first.is_ascii() && characters.next().is_none_or(|next| next.is_ascii()) {
        return Some(first.to_ascii_uppercase().into());
    }
    let letter = first_segment(word).unwrap_or_else(|| first.to_string().into());
    Some(letter.to_upper_case().into())
}

/// What the browser takes for one letter: an emoji of several characters is. A browser older
/// than 2024 may not be able to tell.
fn first_segment(word: &str) -> Option<JsString> {
    let intl = Reflect::get(&leptos::prelude::window(), &"Intl".into()).ok()?;
    let segmenter = Reflect::get(&intl, &"Segmenter".into()).ok()?;
    let segmenter = Reflect::construct(segmenter.dyn_ref::<Function>()?, &Array::new()).ok()?;
    let segmenter: Intl::Segmenter = segmenter.unchecked_into();
    Some(segmenter.segment(word).containing(0)?.segment())
}
