use crate::{platform::session_list, query::MAX_URL_LENGTH};
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
    // The links to the other pages of the list keep the page's query, unless it is longer than any real one.
    let query = Some(search.trim_start_matches('?')).filter(|query| query.len() <= MAX_URL_LENGTH);
    session_list(query.unwrap_or_default().to_owned())
}
