//! Where the page goes.

use leptos::prelude::window;
use std::cell::Cell;
use web_sys::{Url, js_sys::Date};

thread_local! {
    /// When this page began to load another one, in milliseconds since the epoch.
    static LEFT_AT: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Returns whether another page is being loaded.
pub(crate) fn is_navigating() -> bool {
    LEFT_AT.get().is_some()
}

/// Returns for how long another page has been loading, in milliseconds.
pub(crate) fn loading_ms() -> Option<f64> {
    LEFT_AT.get().map(|left_at| Date::now() - left_at)
}

/// Loads a page as a new document, even if it is the current one.
pub(crate) fn load(url: &str) {
    // From here on, nothing may change what the page shows: a page that needs a signed-in user would
    // leave for the sign-in page.
    LEFT_AT.set(Some(Date::now()));
    let location = window().location();
    let current = location.href().unwrap_or_default();
    // Fails only for an invalid URL, and the server sends none.
    let _ = location.set_href(url);
    // A URL that differs only in its fragment scrolls instead of loading.
    let target = Url::new_with_base(url, &current).map(|target| target.href());
    if target.is_ok_and(|target| {
        target.contains('#') && without_fragment(&target) == without_fragment(&current)
    }) {
        let _ = location.reload();
    }
}

/// Loads this page as a new document.
pub(crate) fn reload() {
    LEFT_AT.set(Some(Date::now()));
    let _ = window().location().reload();
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}
