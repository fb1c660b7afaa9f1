//! An app whose pages hydrate islands only. The islands call `use_auth`, `sign_out` and `on_signed_out`; the
//! page's script makes the rest of the page live. Build and run it with `make islands`. Anybody may sign in
//! under any name.

use leptos::{prelude::*, task::spawn_local};
use leptos_guardian::{
    AuthError, GuardianHead, RequireSignedIn, SignOutOptions, SignedIn, SignedOut, UserButton,
    on_signed_out, sign_out, use_auth,
};
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

/// Called by the script in the page's head.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <title>"Islands"</title>
                <GuardianHead/>
                <HydrationScripts options islands=true/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    view! {
        <Router>
            <header>
                <SignedIn>
                    <UserButton show_name=true manage_url="/account"/>
                </SignedIn>
                <SignedOut>
                    <a href="/sign-in">"Sign in"</a>
                </SignedOut>
            </header>
            <main>
                <Routes fallback=|| "Not found">
                    <Route path=path!("/") view=Home/>
                    <Route path=path!("/sign-in") view=SignInPage/>
                    <Route path=path!("/account") view=Account/>
                </Routes>
            </main>
        </Router>
    }
}

#[component]
fn Home() -> impl IntoView {
    view! {
        <Greeting/>
        <SignOutHere/>
        <SignInHere/>
        <label>"Note " <textarea name="note"></textarea></label>
    }
}

#[component]
fn SignInPage() -> impl IntoView {
    view! {
        <form method="post" action="/sign-in">
            <label>"Name " <input name="name" required/></label>
            <button>"Sign in"</button>
        </form>
    }
}

#[component]
fn Account() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Your account"</h1>
        </RequireSignedIn>
    }
}

/// Says who is signed in.
#[island]
fn Greeting() -> impl IntoView {
    let auth = use_auth();
    let name = move || auth.with(|auth| auth.user().map(|user| user.profile.name.clone()));
    view! { <h1>"Hello, "{move || name().unwrap_or_else(|| "stranger".into())}</h1> }
}

/// Signs in inside the page, without a navigation.
#[island]
fn SignInHere() -> impl IntoView {
    let action = ServerAction::<SignInInPlace>::new();
    view! {
        <ActionForm action>
            <label>"Your name " <input name="name" required/></label>
            <button>"Sign in here"</button>
        </ActionForm>
    }
}

#[server]
async fn sign_in_in_place(name: String) -> Result<(), AuthError> {
    use leptos_guardian::{
        Profile,
        server::{Auth, Identity},
    };

    let auth = Auth::from_context().ok_or(AuthError::NotProtected)?;
    let identity = Identity::new(name.clone(), Profile::new(name)).method("name");
    auth.sign_in(identity).await
}

/// Signs out in place, and says what has happened.
#[island]
fn SignOutHere() -> impl IntoView {
    let reason = RwSignal::new(None);
    let failure = RwSignal::new(None);
    on_signed_out(move |notice| reason.set(Some(notice.reason.to_string())));
    let on_click = move |_| {
        spawn_local(async move {
            let outcome = sign_out(SignOutOptions::local().redirect(false)).await;
            failure.set(outcome.err().map(|error| error.to_string()));
        });
    };
    view! {
        <button on:click=on_click>"Sign out of here"</button>
        <p role="status">{reason}</p>
        <p role="alert">{failure}</p>
    }
}
