//! The document, the routes inside it, and what is on every page.

use crate::{DESCRIPTION, NAME, pages};
use leptos::{hydration::AutoReload, prelude::*};
use leptos_guardian::{
    AuthProvider, AuthState, MenuLink, SignedIn, SignedOut, UserButton, on_signed_out, use_auth,
};
use leptos_guardian_serve::Hydration;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

/// The document around the app, rendered by the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    document(options, App)
}

/// The document around any app.
pub fn document<V: IntoView>(options: LeptosOptions, app: impl FnOnce() -> V) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <meta name="description" content=DESCRIPTION/>
                <HashedStylesheet options=options.clone() id="leptos"/>
                <AutoReload options=options.clone()/>
                <Hydration options/>
                <MetaTags/>
            </head>
            <body>
                {app()}
            </body>
        </html>
    }
}

/// The app: every route, below the auth state.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| if page.is_empty() { NAME.into() } else { format!("{page} · {NAME}") }/>
        <AuthProvider>
            <Router>
                <a class="skip" href="#main">"Skip to content"</a>
                <Header/>
                <main id="main">
                    <SignedOutMessage/>
                    <FlatRoutes fallback=pages::NotFound>
                        <Route path=path!("/") view=pages::Home/>
                        <Route path=path!("/sign-up") view=pages::SignUp/>
                        <Route path=path!("/sign-in") view=pages::SignIn/>
                        <Route path=path!("/account") view=pages::Account/>
                        <Route path=path!("/account/email") view=pages::ChangeEmail/>
                        <Route path=path!("/confirm") view=pages::Confirm/>
                        <Route path=path!("/account/sessions") view=pages::Sessions/>
                        <Route path=path!("/sign-out") view=pages::SignOut/>
                    </FlatRoutes>
                </main>
            </Router>
        </AuthProvider>
    }
}

/// The top of every page: home, and who is signed in.
#[component]
fn Header() -> impl IntoView {
    view! {
        <header class="top">
            <a href="/" class="brand">{NAME}</a>
            <nav aria-label="Account">
                <SignedIn>
                    <UserButton show_name=true manage_url="/account" add_account_url="/sign-in">
                        <MenuLink href="/account/sessions">"Where you are signed in"</MenuLink>
                    </UserButton>
                </SignedIn>
                <SignedOut>
                    <a href="/sign-in">"Sign in"</a>
                    <a class="button primary" href="/sign-up">"Sign up"</a>
                </SignedOut>
            </nav>
        </header>
    }
}

/// Tells the user of this page that they were signed out, and why. Hidden while somebody is signed
/// in.
#[component]
fn SignedOutMessage() -> impl IntoView {
    let reason = RwSignal::new(None::<String>);
    on_signed_out(move |event| {
        if event.is_current {
            reason.set(Some(event.reason.to_string()));
        }
    });
    let auth = use_auth();
    let shown = move || reason.get().filter(|_| auth.get() == AuthState::SignedOut);
    view! {
        <div role="status">
            {move || shown().map(|reason| view! { <p class="notice">{reason}</p> }.into_any())}
        </div>
    }
}
