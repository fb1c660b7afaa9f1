use crate::{AuthState, use_auth};
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
    let auth = use_auth();
    view! { <Show when=move || auth.with(|auth| auth.user().is_some())>{children()}</Show> }
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
    let auth = use_auth();
    view! { <Show when=move || auth.with(|auth| *auth == AuthState::SignedOut)>{children()}</Show> }
}
