//! The browser: it leaves to the page's script what the server has not rendered.

use crate::{
    AuthError, AuthState, ErrorStatus, SignOutError,
    components::{UserButtonOptions, UserButtonParts, slot},
    use_auth,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::time::Duration;

pub(crate) use crate::client::auth_signals;

/// Returns the error. On the server this sets the response's status; a browser has no response.
///
/// ```
/// use leptos_guardian::{AuthError, with_status};
///
/// /// Part of a server function.
/// fn checked(name: &str) -> Result<&str, AuthError> {
///     let is_given = !name.is_empty();
///     is_given.then_some(name).ok_or_else(|| with_status(AuthError::Malformed))
/// }
/// assert_eq!(checked(""), Err(AuthError::Malformed));
/// ```
pub fn with_status<E: ErrorStatus>(error: E) -> E {
    error
}

/// Returns the error. A browser has no response.
pub(crate) fn refuse_sign_out(error: SignOutError) -> SignOutError {
    error
}

/// Returns the error. A browser has no response.
pub(crate) fn refuse_call(error: AuthError) -> AuthError {
    error
}

/// Does nothing: a page has one auth state.
pub(crate) fn provide_auth() {}

/// The server has written it.
pub(crate) fn page_head() -> String {
    String::new()
}

/// The server renders the document's head.
pub(crate) fn shell_head() -> AnyView {
    ().into_any()
}

/// The browser fills nothing.
pub(crate) fn filled_for() -> Option<String> {
    None
}

/// The page's script says itself for whom it signs out.
pub(crate) fn shown_user_field() -> String {
    String::new()
}

/// Shows the children while the auth state meets the condition. What the browser has built needs no mark.
pub(crate) fn show_while(
    condition: fn(&AuthState) -> bool,
    _: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let auth = use_auth();
    let is_shown = Memo::new(move |_| auth.with(condition));
    // The macro erases the closure's type, which would make the program a KB larger.
    view! { {move || is_shown.get().then(|| children())} }
}

pub(crate) fn user_button(_: &UserButtonOptions) -> UserButtonParts {
    UserButtonParts::default()
}

pub(crate) fn session_list(query: String) -> AnyView {
    slot(format!("session-list?{query}"), String::new())
}

pub(crate) fn sign_out_panel(_: &str) -> String {
    String::new()
}

/// Returns whether the server has rendered the page, and so has decided. Otherwise asks it: loads the page as
/// a new document.
pub(crate) fn is_recent(_: Duration, _: &str) -> bool {
    let shared = Owner::current_shared_context();
    if shared.is_some_and(|shared| shared.during_hydration()) {
        return true;
    }
    let to = use_location();
    let url = format!(
        "{}{}",
        to.pathname.get_untracked(),
        to.search.get_untracked()
    );
    // The router changes the address only when the page is built. Then this replaces the entry in the
    // browser's history, instead of adding one.
    set_timeout(
        move || {
            // Fails for no URL of this site.
            let _ = window().location().assign(&url);
        },
        Duration::ZERO,
    );
    false
}

/// Leaves it to the script, which knows the reason.
pub(crate) fn leave_for_sign_in(_: &str) {}
