//! The server functions: what a browser, a form, a mobile app or a script may ask.
//!
//! Each is a POST with form fields. A plain form (`Accept: text/html`) is answered with a
//! redirect, everything else with JSON.

use crate::{Accounts, AuthError, SessionInfo, SignOutError, SignedOut};
use leptos::prelude::*;

/// Signs out. The form behind every sign-out button, and what
/// [`sign_out`](crate::sign_out) calls.
///
/// # Errors
///
/// See [`SignOutError`].
#[server(name = PostSignOut, prefix = "/api", endpoint = "/sign_out")]
#[middleware(tower::util::MapRequestLayer::new(crate::server::escape_fields))]
pub async fn post_sign_out(
    /// `local` (the default), `browser`, `others` or `global`.
    scope: Option<String>,
    /// The handle of the session that the scope is seen from, instead of this one.
    session: Option<String>,
    /// Whether the browser goes to another page (the default).
    redirect: Option<bool>,
    /// Where it goes.
    callback_url: Option<String>,
) -> Result<SignedOut, SignOutError> {
    crate::server::sign_out(scope, session, redirect, callback_url).await
}

/// Who is signed in: the active account and the browser's others, or `null`.
///
/// # Errors
///
/// [`AuthError::Unavailable`] when the database could not tell.
#[server(name = GetSession, prefix = "/api", endpoint = "/session")]
pub async fn session() -> Result<Option<Accounts>, AuthError> {
    crate::server::session()
}

/// Where the user is signed in: this session first, then by last use.
///
/// # Errors
///
/// [`AuthError::SignedOut`] when nobody is, [`AuthError::Unavailable`] when the database
/// could not tell.
#[server(name = GetSessions, prefix = "/api", endpoint = "/sessions")]
pub async fn sessions() -> Result<Vec<SessionInfo>, AuthError> {
    crate::server::sessions().await
}

/// Makes another account of this browser the active one.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`] when it is not signed in here,
/// [`AuthError::Unavailable`] when the database fails.
#[server(name = PostSwitchAccount, prefix = "/api", endpoint = "/switch_account")]
pub async fn switch_account(
    /// The handle of the account's session on this browser.
    session: String,
    /// Where a form's browser goes: back to its page unless given.
    callback_url: Option<String>,
) -> Result<Accounts, AuthError> {
    crate::server::switch_account(session, callback_url).await
}
