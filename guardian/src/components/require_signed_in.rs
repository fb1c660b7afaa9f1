use super::SignedIn;
use crate::{AuthState, client, platform::leave_for_sign_in, state::AuthContext};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// For pages that need a signed-in user. Anyone else is sent to `sign_in_url`, with the way
/// back in `callback_url`: by the server before it renders, by the browser as soon as the
/// state flips. When another account becomes the active one the page is loaded anew. Inside a
/// `<Router>` only.
///
/// This spares people a useless page. What protects the data is the server, which must check
/// [`Auth`](crate::server::Auth) wherever it hands data out.
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
    // Not the window's: the router changes that one only when the new page has been built.
    let location = use_location();
    let here = move || {
        let search = location.search.get_untracked();
        let separator = if search.is_empty() { "" } else { "?" };
        let search = search.trim_start_matches('?');
        format!("{}{separator}{search}", location.pathname.get_untracked())
    };
    if auth.get_untracked() == AuthState::SignedOut {
        leave_for_sign_in(&sign_in_url, &here(), None);
    }
    Effect::new(|_| client::needs_user());
    Effect::new(move |was_signed_in: Option<bool>| {
        // A page that still has to say that a sign-out failed stays, without its content.
        let is_signed_out = auth.get() == AuthState::SignedOut && pending_sign_out.get().is_none();
        if is_signed_out && was_signed_in == Some(true) {
            leave_for_sign_in(&sign_in_url, &here(), client::last_reason());
        }
        !is_signed_out
    });
    Effect::new(move |before: Option<Option<String>>| {
        let user = auth.with(|auth| auth.user().map(|user| user.id.clone()));
        let before = before.flatten();
        // What the page holds is the other one's.
        if user.is_some() && before.is_some() && user != before {
            client::reload();
        }
        user.or(before)
    });
    view! { <SignedIn>{children()}</SignedIn> }
}
