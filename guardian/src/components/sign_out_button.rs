use super::sign_out_form::{hidden_field, sign_out_form};
use crate::{SessionHandle, SignOutScope};
use leptos::prelude::*;

/// A button that signs out. It shows that a sign-out is under way, and after a failure the reason and a
/// retry.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{SignOutButton, SignOutScope};
///
/// #[component]
/// fn Menu() -> impl IntoView {
///     view! {
///         <SignOutButton/>
///         <SignOutButton scope=SignOutScope::Global callback_url="/bye">
///             "Sign out everywhere"
///         </SignOutButton>
///     }
/// }
/// ```
#[component]
pub fn SignOutButton(
    /// Which sessions end: this one unless set.
    #[prop(optional)]
    scope: SignOutScope,
    /// The session that the scope refers to, instead of this one: another account's on this browser,
    /// or one on another device.
    #[prop(optional, into)]
    session: Option<SessionHandle>,
    /// Where the browser goes afterwards: the app's `after_sign_out_url` unless set.
    #[prop(optional, into)]
    callback_url: Option<String>,
    /// Whether the browser goes to another page afterwards. Without JavaScript, a browser that stays
    /// reloads the page.
    #[prop(default = true)]
    redirect: bool,
    /// More classes for the button.
    #[prop(optional, into)]
    class: String,
    /// The button's name for assistive technology, if its content does not say enough.
    #[prop(optional, into)]
    label: Option<String>,
    /// The button's content: "Sign out" unless set.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let content = match children {
        Some(children) => children().into_any(),
        None => "Sign out".into_any(),
    };
    let scope = hidden_field("scope", scope.to_string());
    let button = view! {
        {scope}
        <button type="submit" class=format!("guardian-button {class}") aria-label=label>
            {content}
        </button>
    };
    sign_out_form(session, callback_url, redirect, button.into_any())
}
