//! In the browser: what the server does for a page or a response, where there is none.

use crate::{AuthState, ErrorStatus, client::load};

/// On the server this sets the response's status; in a browser there is no response.
pub fn with_status<E: ErrorStatus>(error: E) -> E {
    error
}

/// Nobody told this page who is signed in: it asks.
pub(crate) fn initial_state() -> AuthState {
    AuthState::Loading
}

/// Loads the sign-in page, which leads back to this one.
pub(crate) fn leave_for_sign_in(sign_in_url: &str) {
    let location = leptos::prelude::window().location();
    let here = [location.pathname(), location.search()]
        .into_iter()
        .flatten()
        .collect::<String>();
    let here = String::from(web_sys::js_sys::encode_uri_component(&here));
    load(&format!("{sign_in_url}?callback_url={here}"));
}
