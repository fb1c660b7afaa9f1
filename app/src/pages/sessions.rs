use leptos::prelude::*;
use leptos_guardian::{RequireSignedIn, SessionList};
use leptos_meta::Title;

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    view! {
        <Title text="Where you are signed in"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Where you are signed in"</h1>
            <section class="card">
                <SessionList/>
            </section>
            <p class="aside"><a href="/account">"Back to your account"</a></p>
        </RequireSignedIn>
    }
}
