use leptos::prelude::*;
use leptos_meta::Title;

/// A GET of this page changes nothing: the button does.
#[component]
pub(crate) fn SignOut() -> impl IntoView {
    view! {
        <Title text="Sign out"/>
        <section class="card sheet">
            <h1>"Sign out"</h1>
            <leptos_guardian::SignOut/>
        </section>
    }
}
