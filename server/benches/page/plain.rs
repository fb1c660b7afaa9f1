//! The starter's home page without `AuthProvider` and `UserButton`, to compare with: the same
//! elements and words, written out for one signed-in user. The forms that sign out stay.

use leptos::prelude::*;
use leptos_guardian::{SignOutButton, SignOutScope};
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

pub const NAME: &str = "Ada Lovelace";
pub const EMAIL: &str = "ada@example.com";

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| if page.is_empty() { app::NAME.into() } else { format!("{page} · {}", app::NAME) }/>
        <Router>
            <a class="skip" href="#main">"Skip to content"</a>
            <Header/>
            <main id="main">
                <div role="status"></div>
                <FlatRoutes fallback=|| "Not found">
                    <Route path=path!("/") view=Home/>
                    // As many routes as the starter has.
                    <Route path=path!("/sign-up") view=Home/>
                    <Route path=path!("/sign-in") view=Home/>
                    <Route path=path!("/account") view=Home/>
                    <Route path=path!("/account/sessions") view=Home/>
                    <Route path=path!("/sign-out") view=Home/>
                </FlatRoutes>
            </main>
        </Router>
    }
}

#[component]
fn Header() -> impl IntoView {
    view! {
        <header class="top">
            <a href="/" class="brand">{app::NAME}</a>
            <nav aria-label="Account">
                <Menu/>
            </nav>
        </header>
    }
}

#[component]
fn Menu() -> impl IntoView {
    view! {
        <div class="guardian-user">
            <button
                type="button"
                class="guardian-trigger"
                aria-haspopup="dialog"
                aria-controls="guardian-user-menu"
                popovertarget="guardian-user-menu"
            >
                <span class="guardian-avatar" aria-hidden="true">"AL"</span>
                <span class="guardian-hidden">"Account of "</span>
                <span class="guardian-name" dir="auto">{NAME}</span>
            </button>
            <div
                id="guardian-user-menu"
                class="guardian-menu"
                popover="auto"
                role="dialog"
                aria-label=format!("Account of {NAME}")
            >
                <div class="guardian-identity">
                    <span class="guardian-avatar" aria-hidden="true">"AL"</span>
                    <div class="guardian-who">
                        <strong dir="auto">{NAME}</strong>
                        <span>{EMAIL}</span>
                    </div>
                </div>
                <div class="guardian-items" role="group" aria-label="Account">
                    <a class="guardian-item" href="/account">"Manage account"</a>
                    <a class="guardian-item" href="/account/sessions">"Where you are signed in"</a>
                    <form class="guardian-form" method="post" action="/api/sign_out">
                        <input type="hidden" name="callback_url" value=""/>
                        <input type="hidden" name="scope" value="local"/>
                        <button type="submit" class="guardian-button guardian-item">"Sign out"</button>
                        <div class="guardian-message" role="status"></div>
                        <div class="guardian-message guardian-failure" role="alert"></div>
                    </form>
                </div>
                <div class="guardian-items" role="group" aria-label="Other accounts">
                    <div class="guardian-message guardian-failure" role="alert"></div>
                    <a class="guardian-item" href="/sign-in">"Add account"</a>
                </div>
            </div>
        </div>
    }
}

#[component]
fn Home() -> impl IntoView {
    // In place of the starter's flash message.
    let note = SharedValue::new(|| None::<String>).into_inner();
    view! {
        <Title text=""/>
        {note.map(|note| view! { <p class="notice" role="status">{note}</p> })}
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
            <p>"You are signed in as "<strong dir="auto">{NAME}</strong>"."</p>
            <p>
                "Open this page in a second tab, and sign in with another browser, too: they show at once what you do here."
            </p>
            <div class="actions">
                <SignOutButton class="guardian-primary" redirect=false>"Sign out and stay here"</SignOutButton>
                <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
                <a class="button" href="/account">"Your account"</a>
            </div>
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
