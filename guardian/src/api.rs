//! The server functions: what a browser, a form, a mobile app or a script may ask.
//!
//! Each is a POST with form fields. A plain form (`Accept: text/html`) is answered with a
//! redirect, everything else with JSON.

use crate::{AuthError, SignOutError, SignedOut, User};
use leptos::prelude::*;

/// Signs out. The form behind every sign-out button, and what
/// [`sign_out`](crate::sign_out) calls.
///
/// # Errors
///
/// See [`SignOutError`].
#[server(name = PostSignOut, prefix = "/api", endpoint = "/sign_out")]
pub async fn post_sign_out(
    /// `local` (the default), `others` or `global`.
    scope: Option<String>,
    /// Whether the browser goes to another page (the default).
    redirect: Option<bool>,
    /// Where it goes.
    callback_url: Option<String>,
) -> Result<SignedOut, SignOutError> {
    crate::server::sign_out(scope, redirect, callback_url).await
}

/// Who is signed in: the user, or `null`.
///
/// # Errors
///
/// [`AuthError::Unavailable`] when the database could not tell.
#[server(name = GetSession, prefix = "/api", endpoint = "/session")]
pub async fn session() -> Result<Option<User>, AuthError> {
    crate::server::session()
}
