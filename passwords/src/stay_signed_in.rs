//! The checkbox that lets a person choose how long this browser stays signed in.

use crate::Flash;
use leptos::prelude::*;

/// A checkbox, "Stay signed in", for the forms that sign in. It is checked at first, and after an error as it
/// was.
///
/// The form sends `remember=true`, or nothing if the box is not checked, and in any case
/// `offers_remember=true`. [`is_remembered`] reads both. The box has the class `choice` for the app's
/// stylesheet.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian_passwords::{Flash, PlainForm, StaySignedIn};
///
/// #[component]
/// fn SignInForm(flash: Flash) -> impl IntoView {
///     view! {
///         <PlainForm action="/api/sign_in" submit="Sign in">
///             <StaySignedIn flash/>
///         </PlainForm>
///     }
/// }
/// ```
#[component]
pub fn StaySignedIn(
    /// The form's flash message: it knows what was chosen.
    flash: Flash,
) -> impl IntoView {
    let was_shown = !flash.typed("offers_remember").is_empty();
    let is_checked = !was_shown || flash.typed("remember") == "true";
    view! {
        <input type="hidden" name="offers_remember" value="true"/>
        <label class="choice">
            <input type="checkbox" id="remember" name="remember" value="true" checked=is_checked/>
            "Stay signed in"
        </label>
    }
}

/// Whether the browser stays signed in: what was chosen; what the box shows, if the form has it; yes for a
/// script that does not say.
///
/// ```
/// use leptos_guardian_passwords::is_remembered;
///
/// assert!(is_remembered(None, false), "a script");
/// assert!(!is_remembered(None, true), "a form whose box is not checked");
/// assert!(is_remembered(Some(true), true));
/// assert!(!is_remembered(Some(false), false));
/// ```
pub fn is_remembered(remember: Option<bool>, offers_remember: bool) -> bool {
    remember.unwrap_or(!offers_remember)
}
