//! How the app's server functions reject a form that they cannot read.

use super::flash::{Outcome, leave_flash};
use crate::{
    FormError,
    api::{PostSignIn, PostSignUp},
};
use axum::http::request::Parts;
use leptos::{prelude::use_context, server_fn::ServerFn as _};
use leptos_guardian::{
    server::{Auth, is_form_post, see_other},
    with_status,
};

/// Redirects a plain form to its page, with a flash message. A script gets the status.
pub(crate) fn reject_unreadable(error: FormError) -> FormError {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return with_status(error);
    };
    if !is_form_post() {
        return with_status(error);
    }
    let form = parts.uri.path();
    leave_flash(Outcome {
        form: form.to_owned(),
        error: Some(error.clone()),
        name: String::new(),
        email: String::new(),
    });
    if let Ok(page) = auth.guardian().redirects().check(page_of(form)) {
        see_other(&page);
    }
    error
}

/// The page that has the form with this action.
fn page_of(form: &str) -> &'static str {
    match form {
        PostSignUp::PATH => "/sign-up",
        PostSignIn::PATH => "/sign-in",
        _ => "/account",
    }
}
