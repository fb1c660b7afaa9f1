use super::sign_out_form::{Progress, SignOutForm, hidden};
use crate::{SessionHandle, SignOutScope};
use leptos::prelude::*;

/// A button that signs out. Says so while it is at it, and when it failed, with a retry.
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
    /// The session that the scope is seen from, instead of this one: of another account on this
    /// browser, or on another device.
    #[prop(optional, into)]
    session: Option<SessionHandle>,
    /// Where to go afterwards: the app's `after_sign_out_url` unless set.
    #[prop(optional, into)]
    callback_url: Option<String>,
    /// Whether to go anywhere (the default) or stay on the page.
    #[prop(default = true)]
    redirect: bool,
    /// Classes of the button, beside its own.
    #[prop(optional, into)]
    class: String,
    /// The button's name for assistive technology, where what it shows does not say enough.
    #[prop(optional, into)]
    label: Option<String>,
    /// What the button shows: "Sign out" unless set.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let progress = Progress::new(None);
    let is_pending = move || progress.is_pending();
    view! {
        <SignOutForm progress session callback_url redirect>
            {hidden("scope", scope.to_string())}
            <button
                type="submit"
                class=format!("guardian-button {class}")
                aria-label=label
                aria-busy=move || is_pending().then_some("true".to_owned())
                aria-disabled=move || is_pending().then_some("true".to_owned())
            >
                {match children {
                    Some(children) => children(),
                    None => "Sign out".into_any(),
                }}
            </button>
        </SignOutForm>
    }
}
