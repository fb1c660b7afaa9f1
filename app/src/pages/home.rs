use crate::NAME;
use leptos::prelude::*;
use leptos_guardian::{SignOutButton, SignedIn, SignedOut, use_auth};
use leptos_meta::Title;

/// The page that you replace first.
#[component]
pub(crate) fn Home() -> impl IntoView {
    let auth = use_auth();
    let name = move || auth.with(|auth| auth.user().map(|user| user.profile.name.clone()));
    view! {
        <Title text=""/>
        <section class="hero">
            <h1>{NAME}</h1>
            <SignedOut>
                <p class="lead">"Sign up to begin. Any e-mail address will do: no mail is sent."</p>
                <p class="actions">
                    <a class="button primary" href="/sign-up">"Sign up"</a>
                    <a class="button" href="/sign-in">"Sign in"</a>
                </p>
            </SignedOut>
            <SignedIn>
                <p class="lead">"Welcome, "<strong dir="auto">{move || name()}</strong>"."</p>
                <div class="actions">
                    <a class="button primary" href="/account">"Your account"</a>
                    <SignOutButton redirect=false/>
                </div>
            </SignedIn>
        </section>
        <section class="card next">
            <h2>"What to do next"</h2>
            <dl>
                <div><dt>"This page"</dt><dd><code>"app/src/pages/home.rs"</code></dd></div>
                <div><dt>"Name and description"</dt><dd><code>"app/src/name.rs"</code></dd></div>
                <div><dt>"Colours and type"</dt><dd><code>"style/main.css"</code></dd></div>
                <div><dt>"A page, a sign-up field"</dt><dd><code>"README.md"</code></dd></div>
            </dl>
        </section>
    }
}
