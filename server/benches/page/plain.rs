//! The starter's home page without `AuthProvider` and `UserButton`, to compare with: the same
//! elements and words, written out for one signed-in user. The forms that sign out stay.

use leptos::prelude::*;
use leptos_guardian::SignOutButton;
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
                    <Route path=path!("/account/email") view=Home/>
                    <Route path=path!("/confirm") view=Home/>
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
            <h1>{app::NAME}</h1>
            <p class="lead">"Welcome, "<strong dir="auto">{NAME}</strong>"."</p>
            <div class="actions">
                <a class="button primary" href="/account">"Your account"</a>
                <SignOutButton redirect=false/>
            </div>
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
