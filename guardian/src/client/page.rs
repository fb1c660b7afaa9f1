//! The page in the browser: its auth state, its history, where it goes.

use super::tabs;
use crate::{AuthState, SignOutOptions, api, state::AuthContext};
use leptos::{prelude::*, task::spawn_local};
use std::cell::Cell;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::PageTransitionEvent;

thread_local! {
    /// The auth state of this page. A page has one `AuthProvider`; code that runs after an
    /// event has no reactive owner to find it through.
    static PAGE: Cell<Option<AuthContext>> = const { Cell::new(None) };
}

/// Takes charge of the page, once it is hydrated.
pub(crate) fn start(page: AuthContext) {
    PAGE.set(Some(page));
    if page.state.get_untracked() == AuthState::Loading {
        ask_again();
    }
    tabs::listen();
    reload_when_restored();
}

/// Asks the server who is signed in, and shows it in place: what a person has typed stays.
pub(super) fn ask_again() {
    let Some(AuthContext { state, .. }) = PAGE.get() else {
        return;
    };
    spawn_local(async move {
        // On a failure nothing changes: any other state would be a guess.
        let Ok(user) = api::session().await else {
            return;
        };
        let found = AuthState::from(user);
        let is_leaving = PAGE.get().is_none();
        if !is_leaving && state.get_untracked() != found {
            state.set(found);
        }
    });
}

/// Shows that nobody is signed in, without leaving the page; and, if the server could not
/// end the session, the sign-out that is to be sent again.
pub(crate) fn show_signed_out(unfinished: Option<SignOutOptions>) {
    if let Some(page) = PAGE.get() {
        // Not for the same one again: that would rebuild the notice under somebody's finger.
        if page.unfinished.get_untracked() != unfinished {
            page.unfinished.set(unfinished);
        }
        page.state.set(AuthState::SignedOut);
    }
}

/// Loads a page as a new document, even when it is the one that is shown.
pub(crate) fn load(url: &str) {
    // From here on nothing may change what is shown: a page that needs a signed-in user would
    // leave for another place.
    PAGE.set(None);
    let location = window().location();
    let shown = location.href().unwrap_or_default();
    // Only refused for an unparsable URL; the server sends none.
    let _ = location.set_href(url);
    // A URL that differs in its fragment alone scrolls instead of loading.
    let target = web_sys::Url::new_with_base(url, &shown).map(|target| target.href());
    if target.is_ok_and(|target| {
        target.contains('#') && without_fragment(&target) == without_fragment(&shown)
    }) {
        let _ = location.reload();
    }
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

/// A page from the back/forward cache is as old as when it was left: nothing of it is shown
/// until the server has rendered it anew.
fn reload_when_restored() {
    let on_show = Closure::<dyn Fn(PageTransitionEvent)>::new(|shown: PageTransitionEvent| {
        if shown.persisted() {
            if let Some(page) = document().document_element() {
                let _ = page.set_attribute("hidden", "");
            }
            let _ = window().location().reload();
        }
    });
    let _ = window().add_event_listener_with_callback("pageshow", on_show.as_ref().unchecked_ref());
    // The listener lives as long as the page.
    on_show.forget();
}
