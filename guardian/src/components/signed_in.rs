use crate::{AuthState, use_auth};
use leptos::prelude::*;

/// Shows its children while somebody is signed in.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let auth = use_auth();
    view! { <Show when=move || auth.with(|auth| auth.user().is_some())>{children()}</Show> }
}

/// Shows its children while nobody is signed in.
#[component]
pub fn SignedOut(children: ChildrenFn) -> impl IntoView {
    let auth = use_auth();
    view! { <Show when=move || auth.with(|auth| *auth == AuthState::SignedOut)>{children()}</Show> }
}
