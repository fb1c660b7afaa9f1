use crate::not_found;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    not_found();
    view! {
        <Title text="Not found"/>
        <section class="card sheet">
            <h1>"Not found"</h1>
            <p>"There is no page at this address."</p>
            <p><a href="/">"Go home"</a></p>
        </section>
    }
}
