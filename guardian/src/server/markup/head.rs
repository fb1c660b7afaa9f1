//! What a page brings for its script, and the script.

use super::texts::texts;
use crate::{Accounts, AuthError, User, script, server::Auth, stylesheet};
use leptos::prelude::*;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::{collections::BTreeMap, sync::LazyLock};

/// The same on every page.
static STYLESHEET: LazyLock<String> =
    LazyLock::new(|| view! { <link rel="stylesheet" href=stylesheet::path()/> }.to_html());

/// The texts as JSON, the same on every page.
static TEXTS: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    // Texts with names can always be written.
    to_raw_value(&BTreeMap::from(texts())).unwrap_or_else(|_| RawValue::NULL.to_owned())
});

/// What the script must know of a page: `PageData` in script/guardian.d.ts.
#[derive(Serialize)]
struct PageData {
    /// `Some(None)` for nobody. Missing if the server does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Option<State>>,
    texts: &'static RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<PageCookies>,
    hydrates: bool,
}

#[derive(Serialize)]
struct State {
    active: User,
    others: Vec<User>,
}

/// The cookies that the page uses.
#[derive(Serialize)]
struct PageCookies {
    marker: String,
    pending: String,
}

/// Returns the elements that make a page of any template engine live: the components' stylesheet, the page's
/// script, and what the script must know of the visitor. They belong in the document's `<head>`. Leptos's
/// pages have [`AuthProvider`](crate::AuthProvider) or [`GuardianHead`](crate::GuardianHead).
///
/// `nonce` is the one of the page's
/// [Content-Security-Policy](https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP), if it has one.
///
/// ```
/// use axum::response::Html;
/// use leptos_guardian::server::{Auth, guardian_head};
///
/// async fn home(auth: Auth) -> Html<String> {
///     let head = guardian_head(&auth, None);
///     Html(format!("<!DOCTYPE html><head><title>Home</title>{head}</head><body>Hello</body>"))
/// }
/// ```
pub fn guardian_head(auth: &Auth, nonce: Option<&str>) -> String {
    head(Some(auth), nonce, false)
}

/// Does the same for a page that Leptos `hydrates`, or for one that is rendered without a visitor.
pub(crate) fn head(auth: Option<&Auth>, nonce: Option<&str>, hydrates: bool) -> String {
    let nonce = nonce.map(str::to_owned);
    // Not deferred: a page is live while the rest of it is still on its way.
    let script =
        view! { <script type="module" async src=script::path() nonce=nonce></script> }.to_html();
    let data = page_data(auth, hydrates);
    format!("{}{data}{script}", *STYLESHEET)
}

/// The element that the script reads.
pub(super) fn page_data(auth: Option<&Auth>, hydrates: bool) -> String {
    let data = PageData {
        state: auth.and_then(|auth| known(auth.accounts())),
        texts: &TEXTS,
        cookies: auth.map(cookies),
        hydrates,
    };
    // The only character that could end the element.
    let json = serde_json::to_string(&data)
        .unwrap_or_default()
        .replace('<', "\\u003c");
    format!(r#"<script type="application/json" id="guardian-page">{json}</script>"#)
}

fn known(accounts: Result<Accounts, AuthError>) -> Option<Option<State>> {
    match accounts {
        Ok(Accounts { active, others }) => Some(Some(State { active, others })),
        Err(AuthError::SignedOut) => Some(None),
        Err(_) => None,
    }
}

fn cookies(auth: &Auth) -> PageCookies {
    let cookies = &auth.guardian().0.cookies;
    PageCookies {
        marker: cookies.marker_name().to_owned(),
        pending: cookies.pending_sign_out(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_everybody_holds_nobodys_state() {
        let page = page_data(None, true);
        assert_eq!(page.matches("</script>").count(), 1, "{page}");
        assert!(page.contains("\"hydrates\":true"), "{page}");
        assert!(!page.contains("\"state\""), "nobody knows");
    }
}
