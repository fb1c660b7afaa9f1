use crate::{AuthState, use_auth};
use leptos::prelude::*;

/// Shows its children while somebody is signed in.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let auth = use_auth();
    let is_signed_in = Memo::new(move |_| auth.with(|auth| auth.user().is_some()));
    view! { <Show when=move || is_signed_in.get()>{children()}</Show> }
}

/// Shows its children while nobody is signed in.
#[component]
pub fn SignedOut(children: ChildrenFn) -> impl IntoView {
    let auth = use_auth();
    let is_signed_out = Memo::new(move |_| auth.with(|auth| *auth == AuthState::SignedOut));
    view! { <Show when=move || is_signed_out.get()>{children()}</Show> }
}
