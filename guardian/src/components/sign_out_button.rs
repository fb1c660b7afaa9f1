use super::sign_out_form::{Progress, SignOutForm, hidden_field};
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
    /// Whether to go to another page (the default) or stay on this one.
    #[prop(default = true)]
    redirect: bool,
    /// More CSS classes for the button.
    #[prop(optional, into)]
    class: String,
    /// The button's name for assistive technology, if its content does not say enough.
    #[prop(optional, into)]
    label: Option<String>,
    /// The button's content: "Sign out" unless set.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let progress = Progress::new(None);
    let is_pending = move || progress.is_pending();
    view! {
        <SignOutForm progress session callback_url redirect>
            {hidden_field("scope", scope.to_string())}
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
