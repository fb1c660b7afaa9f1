//! The parameters of the page's address.

use crate::Reason;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The longest address that a browser is redirected to, in bytes. Real ones are far shorter, and
/// some proxies refuse headers not much longer.
pub(crate) const MAX_LENGTH: usize = 2048;

/// The page's `callback_url`, for a form that passes it on. Where it leads is checked when it
/// is used; one that is too long to be used could make the form so, and is left out. Inside a
/// `<Router>` only.
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
    use_query_parameter("callback_url").filter(|url| url.len() <= MAX_LENGTH)
}

/// Why the person was led to this page, if a sign-out that was not their own doing did it:
/// [`RequireSignedIn`](crate::RequireSignedIn) says so to the sign-in page. Anybody may have
/// written the address, so it is for a sentence and no more. Inside a `<Router>` only.
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

/// One parameter, decoded once: the router's own map decodes twice, and differently on the
/// server and in the browser.
pub(crate) fn use_query_parameter(name: &str) -> Option<String> {
    let search = use_location().search.get_untracked();
    find_field(search.strip_prefix('?').unwrap_or(&search), name)
}

/// The page's address with one parameter set to another value, or without it, and the others as
/// they are.
pub(crate) fn with_query_parameter(search: &str, name: &str, value: Option<String>) -> String {
    let mut fields = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
    let kept = search.strip_prefix('?').unwrap_or(search);
    for (found, kept) in form_urlencoded::parse(kept.as_bytes()) {
        if found != name {
            fields.append_pair(&found, &kept);
        }
    }
    if let Some(value) = value {
        fields.append_pair(name, &value);
    }
    fields.finish()
}

/// One field of a form's text.
pub(crate) fn find_field(fields: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(fields.as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::with_query_parameter;

    #[test]
    fn one_parameter_changes_and_the_others_stay() {
        for (search, next, expected) in [
            ("", Some("2"), "?after=2"),
            ("?after=1", Some("2"), "?after=2"),
            ("?tab=a+b&after=1&after=0", Some("2"), "?tab=a+b&after=2"),
            ("?tab=1&after=1", None, "?tab=1"),
            ("?after=1", None, "?"),
        ] {
            let next = next.map(String::from);
            assert_eq!(with_query_parameter(search, "after", next), expected);
        }
    }
}
