use crate::{AuthState, platform::mark, use_auth};
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

/// The page's script hides elements with the mark until Leptos changes the page, or instead of Leptos.
fn show_while(
    condition: fn(&AuthState) -> bool,
    mark_name: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let auth = use_auth();
    let is_shown = Memo::new(move |_| auth.with(condition));
    view! { {move || is_shown.get().then(|| mark(mark_name, children()))} }
}
