//! The document, and the routes inside it.

use crate::{
    DESCRIPTION, NAME,
    components::{Header, SignedOutMessage},
    hydration::Hydration,
    pages,
};
use leptos::{hydration::AutoReload, prelude::*};
use leptos_guardian::AuthProvider;
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
                        <Route path=path!("/account/sessions") view=pages::Sessions/>
                        <Route path=path!("/sign-out") view=pages::SignOut/>
                    </FlatRoutes>
                </main>
            </Router>
        </AuthProvider>
    }
}
