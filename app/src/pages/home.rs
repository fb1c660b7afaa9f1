use crate::{api::PostDeleteAccount, flash::use_flash};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{SignOutButton, SignOutScope, SignedIn, SignedOut, use_auth};
use leptos_meta::Title;

#[component]
pub(crate) fn Home() -> impl IntoView {
    let auth = use_auth();
    let name = move || auth.with(|auth| auth.user().map(|user| user.profile.name.clone()));
    let is_deleted = use_flash().for_form(PostDeleteAccount::PATH).is_accepted();
    view! {
        <Title text=""/>
        {is_deleted.then(|| view! {
            <p class="notice" role="status">"Your account is deleted."</p>
        }.into_any())}
        <section class="hero">
            <div>
                <h1>"Signed out means "<em>"signed out."</em></h1>
                <p class="lead">
                    "Accounts for Leptos apps on Axum, with sessions in your own database. Signing out
                    works at the very next request, on every device you choose, with or without
                    JavaScript."
                </p>
            </div>
            <pre><code>
                "view! {\n"
                "    <SignedIn> <UserButton/> </SignedIn>\n"
                "    <SessionList/>\n"
                "    <SignOutButton scope=SignOutScope::Global>\n"
                "        \"Sign out everywhere\"\n"
                "    </SignOutButton>\n"
                "}"
            </code></pre>
        </section>
        <section class="card try" aria-labelledby="try">
            <h2 id="try">"Try it"</h2>
            <SignedOut>
                <ol>
                    <li>"Create an account. Any address will do: no mail is sent."</li>
                    <li>"Open this page in a second tab, and in another browser."</li>
                    <li>"Sign out in one of them, and watch the others."</li>
                </ol>
                <p class="actions">
                    <a class="button primary" href="/sign-up">"Create an account"</a>
                    <a class="button" href="/sign-in">"Sign in"</a>
                </p>
            </SignedOut>
            <SignedIn>
                <p>"You are signed in as "<strong dir="auto">{move || name()}</strong>"."</p>
                <p>
                    "Open this page in a second tab, and sign in with another browser, too: they show at once what you do here."
                </p>
                <div class="actions">
                    <SignOutButton class="guardian-primary" redirect=false>"Sign out and stay here"</SignOutButton>
                    <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
                    <a class="button" href="/account">"Your account"</a>
                </div>
            </SignedIn>
        </section>
        <ul class="promises">
            <li>
                <h2>"It is over when it says so"</h2>
                <p>"The session is a row in the database. Signing out deletes it, and responds after the commit."</p>
            </li>
            <li>
                <h2>"Nothing brings it back"</h2>
                <p>"Not a request in flight, not an old cookie, not the back button."</p>
            </li>
            <li>
                <h2>"Every open page knows"</h2>
                <p>"Other tabs and devices show it at once, say why, and keep what was typed."</p>
            </li>
            <li>
                <h2>"No unchecked redirect"</h2>
                <p>"A callback URL leads to this site or to an origin that you allow, and nowhere else."</p>
            </li>
        </ul>
    }
}
