use super::SignedIn;
use crate::{AuthState, client, platform::leave_for_sign_in, state::AuthContext};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Shows its children only to a signed-in user. Everybody else goes to `sign_in_url`, with this page
/// as the `callback_url`. The server redirects before it renders the page. The browser leaves as soon
/// as the auth state changes, and reloads the page when another account becomes the active one. Inside
/// a `<Router>` only.
///
/// This spares people a useless page. It does not protect data: the code that returns the data must
/// check [`Auth`](crate::server::Auth).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::RequireSignedIn;
///
/// #[component]
/// fn Account() -> impl IntoView {
///     view! {
///         <RequireSignedIn sign_in_url="/sign-in">
///             <h1>"Your account"</h1>
///         </RequireSignedIn>
///     }
/// }
/// ```
#[component]
pub fn RequireSignedIn(
    /// The sign-in page, a path on this site.
    #[prop(into)]
    sign_in_url: String,
    children: ChildrenFn,
) -> impl IntoView {
    let AuthContext {
        state: auth,
        pending_sign_out,
        ..
    } = expect_context();
    // Not the window's location: the router changes it only after it has built the new page.
    let location = use_location();
    let current_page = move || {
        let search = location.search.get_untracked();
        let separator = if search.is_empty() { "" } else { "?" };
        let search = search.trim_start_matches('?');
        format!("{}{separator}{search}", location.pathname.get_untracked())
    };
    if auth.get_untracked() == AuthState::SignedOut {
        leave_for_sign_in(&sign_in_url, &current_page(), None);
    }
    Effect::new(|_| client::add_private_part());
    Effect::new(move |was_signed_in: Option<bool>| {
        // While it shows that a sign-out has failed, the page stays, without its content.
        let is_signed_out = auth.get() == AuthState::SignedOut && pending_sign_out.get().is_none();
        if is_signed_out && was_signed_in == Some(true) {
            leave_for_sign_in(&sign_in_url, &current_page(), client::last_reason());
        }
        !is_signed_out
    });
    Effect::new(move |previous: Option<Option<String>>| {
        let user = auth.with(|auth| auth.user().map(|user| user.id.clone()));
        let previous = previous.flatten();
        // The page's content belongs to the previous user.
        if user.is_some() && previous.is_some() && user != previous {
            client::reload();
        }
        user.or(previous)
    });
    view! { <SignedIn>{children()}</SignedIn> }
}
