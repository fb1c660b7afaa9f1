//! How an app's server functions reject a form that they cannot read.

use super::flash_cookie::{Outcome, leave_flash};
use crate::FormFailure;
use axum::http::request::Parts;
use leptos::prelude::use_context;
use leptos_guardian::{
    server::{Auth, is_form_post, see_other},
    with_status,
};

/// Rejects a form that the server function could not read. A plain form is redirected to its page,
/// with a flash message. A script gets the status.
///
/// It is for [`FromServerFnError::from_server_fn_error`](leptos::prelude::FromServerFnError). In
/// the browser it does nothing.
pub fn reject_unreadable<E: FormFailure>(error: E) -> E {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return with_status(error);
    };
    if !is_form_post() {
        return with_status(error);
    }
    let form = parts.uri.path();
    leave_flash(Outcome::new(form, Some(error.clone())));
    if let Ok(page) = auth.guardian().redirects().check(E::page_of(form)) {
        see_other(&page);
    }
    error
}
