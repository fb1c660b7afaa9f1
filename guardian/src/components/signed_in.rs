use crate::{AuthState, platform::show_while};
use leptos::prelude::*;

/// Shows its children while somebody is signed in.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{SignedIn, UserButton};
///
/// #[component]
/// fn Header() -> impl IntoView {
///     view! { <SignedIn><UserButton/></SignedIn> }
/// }
/// ```
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    show_while(
        |auth| auth.user().is_some(),
        "data-guardian-signed-in",
        children,
    )
}

/// Shows its children while nobody is signed in.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::SignedOut;
///
/// #[component]
/// fn Header() -> impl IntoView {
///     view! { <SignedOut><a href="/sign-in">"Sign in"</a></SignedOut> }
/// }
/// ```
#[component]
pub fn SignedOut(children: ChildrenFn) -> impl IntoView {
    show_while(
        |auth| *auth == AuthState::SignedOut,
        "data-guardian-signed-out",
        children,
    )
}
