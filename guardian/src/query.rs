//! The parameters of the page's address.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The page's `callback_url`, for a form that passes it on. Where it leads is checked when it
/// is used. Inside a `<Router>` only.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::use_callback_url;
///
/// #[component]
/// fn CallbackUrl() -> impl IntoView {
///     use_callback_url().map(|url| view! { <input type="hidden" name="callback_url" value=url/> })
/// }
/// ```
pub fn use_callback_url() -> Option<String> {
    use_query_parameter("callback_url")
}

/// One parameter, decoded once: the router's own map decodes twice, and differently on the
/// server and in the browser.
pub(crate) fn use_query_parameter(name: &str) -> Option<String> {
    let search = use_location().search.get_untracked();
    let search = search.strip_prefix('?').unwrap_or(&search);
    form_urlencoded::parse(search.as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}
