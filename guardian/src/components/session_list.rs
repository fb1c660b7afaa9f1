use crate::platform::session_list;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Where the user is signed in: this session first, then by last use. Each session has a button that
/// ends it. Below are "Sign out everywhere else" and "Sign out everywhere". The list follows what
/// other tabs and devices do. For pages that need a signed-in user.
///
/// Shows 50 sessions and a link to the next ones: this page again, with the query parameter `after`.
/// Inside a `<Router>` only.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{RequireSignedIn, SessionList};
///
/// #[component]
/// fn Sessions() -> impl IntoView {
///     view! {
///         <RequireSignedIn sign_in_url="/sign-in">
///             <h1>"Where you are signed in"</h1>
///             <SessionList/>
///         </RequireSignedIn>
///     }
/// }
/// ```
#[component]
pub fn SessionList() -> impl IntoView {
    let search = use_location().search.get_untracked();
    session_list(search.trim_start_matches('?').to_owned())
}
