use super::slot::slot;
use crate::{
    platform::sign_out_panel,
    query::{to_query, use_query_parameter},
    use_callback_url,
};
use leptos::prelude::*;

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
    let fields = [
        ("scope", use_query_parameter("scope")),
        ("session", use_query_parameter("session")),
        ("callback_url", use_callback_url()),
        ("error", use_query_parameter("error")),
    ];
    let query = to_query(
        &fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_deref())),
    );
    slot(format!("sign-out?{query}"), sign_out_panel(&query))
}
