//! The query parameters of the page's URL.

use crate::Reason;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The longest URL that a browser is redirected to, in bytes. Real ones are far shorter, and some
/// proxies refuse headers that are not much longer.
pub(crate) const MAX_URL_LENGTH: usize = 2048;

/// Returns the page's `callback_url`, for a form that passes it on. The server checks where it leads
/// when it is used. An over-long URL is dropped, because it could make the request too large. Inside
/// a `<Router>` only.
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
    use_query_parameter("callback_url").filter(|url| url.len() <= MAX_URL_LENGTH)
}

/// Returns why the user was signed out, unless they did it themselves.
/// [`RequireSignedIn`](crate::RequireSignedIn) passes the reason to the sign-in page. Anybody may have
/// written the URL, so only show the reason. Inside a `<Router>` only.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::use_sign_out_reason;
///
/// #[component]
/// fn WhyHere() -> impl IntoView {
///     use_sign_out_reason().map(|reason| view! { <p role="status">{reason.to_string()}</p> })
/// }
/// ```
pub fn use_sign_out_reason() -> Option<Reason> {
    use_query_parameter("reason")?.parse().ok()
}

/// Returns one parameter, decoded once. The router's own map decodes twice, and differently on the
/// server and in the browser.
pub(crate) fn use_query_parameter(name: &str) -> Option<String> {
    let search = use_location().search.get_untracked();
    find_field(search.strip_prefix('?').unwrap_or(&search), name)
}

/// Writes a query: the fields that have a value.
pub(crate) fn to_query(fields: &[(&str, Option<&str>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// Returns one field of a URL-encoded form.
pub(crate) fn find_field(fields: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(fields.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
