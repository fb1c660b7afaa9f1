use super::SignedIn;
use crate::{AuthState, platform::leave_for_sign_in, use_auth};
use leptos::prelude::*;

/// Shows its children only to a signed-in user. Everybody else goes to `sign_in_url`, with this page
/// as the `callback_url`. The server redirects before it renders the page. The browser leaves as soon
/// as the auth state changes, and reloads the page when another account becomes the active one.
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
    if use_auth().get_untracked() == AuthState::SignedOut {
        leave_for_sign_in(&sign_in_url);
    }
    // The page's script reads the attribute.
    view! {
        <div class="guardian-contents" data-guardian-requires-user=sign_in_url>
            <SignedIn>{children()}</SignedIn>
        </div>
    }
}
