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
    while_it(|auth| auth.user().is_some(), children)
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
    while_it(|auth| *auth == AuthState::SignedOut, children)
}

/// Shows the children while the auth state is so.
fn while_it(is_so: fn(&AuthState) -> bool, children: ChildrenFn) -> impl IntoView {
    let auth = use_auth();
    let is_so = Memo::new(move |_| auth.with(is_so));
    view! { {move || is_so.get().then(|| children())} }
}
