use super::slot::slot;
use crate::platform::sign_out_panel;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The panel of the sign-out page: who is signed in, which sessions to end, the button. Inside a
/// `<Router>` only.
///
/// The query parameter `callback_url` says where the browser goes afterwards. A browser without
/// JavaScript returns to this page when a sign-out fails, with `error` in the query.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::SignOut;
///
/// #[component]
/// fn SignOutPage() -> impl IntoView {
///     view! {
///         <h1>"Sign out"</h1>
///         <SignOut/>
///     }
/// }
/// ```
#[component]
pub fn SignOut() -> impl IntoView {
    let search = use_location().search.get_untracked();
    let query = search.trim_start_matches('?');
    slot(format!("sign-out?{query}"), sign_out_panel(query))
}
