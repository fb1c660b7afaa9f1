use super::pending_sign_out::PendingSignOut;
use crate::{client, platform::initial_state, state::AuthContext, stylesheet};
use leptos::prelude::*;
use leptos_meta::Stylesheet;

/// Gives the auth state to everything inside, and brings the components' stylesheet. An app
/// has one, around its router; `provide_meta_context` must have been called.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{AuthProvider, SignedIn, SignedOut, UserButton};
/// use leptos_meta::provide_meta_context;
///
/// #[component]
/// fn App() -> impl IntoView {
///     provide_meta_context();
///     view! {
///         <AuthProvider>
///             <SignedIn><UserButton/></SignedIn>
///             <SignedOut><a href="/sign-in">"Sign in"</a></SignedOut>
///         </AuthProvider>
///     }
/// }
/// ```
#[component]
pub fn AuthProvider(children: Children) -> impl IntoView {
    let (state, others) = initial_state();
    let context = AuthContext {
        state: RwSignal::new(state),
        others: RwSignal::new(others),
        checked: RwSignal::new(0),
        pending_sign_out: RwSignal::new(None),
    };
    provide_context(context);
    // An effect runs in the browser only, after hydration. What a person has done meanwhile goes
    // first.
    Effect::new(move |_| client::later(move || client::start(context)));
    view! {
        <Stylesheet href=stylesheet::path()/>
        {children()}
        <PendingSignOut pending_sign_out=context.pending_sign_out/>
    }
}
