use super::pending_sign_out::PendingSignOut;
use crate::{client, platform::initial_state, state::AuthContext, stylesheet};
use leptos::prelude::*;
use leptos_meta::Stylesheet;

/// Provides the auth state to everything inside it, and adds the components' stylesheet. An app has
/// one, around its router. Call `provide_meta_context` before it.
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
        refreshes: RwSignal::new(0),
        pending_sign_out: RwSignal::new(None),
    };
    provide_context(context);
    // An effect runs only in the browser, after hydration. The clicks and keys that have waited for
    // the hydration go first.
    Effect::new(move |_| client::defer(move || client::start(context)));
    view! {
        <Stylesheet href=stylesheet::path()/>
        {children()}
        <PendingSignOut pending_sign_out=context.pending_sign_out/>
    }
}
