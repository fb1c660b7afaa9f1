//! The server functions: what a browser, a form, a mobile app or a script may ask.
//!
//! Each is a POST with form fields. A plain form (`Accept: text/html`) is answered with a
//! redirect, everything else with JSON.
//!
//! A browser that calls them from here reads the answers with serde, which adds some 40 KB to
//! its program; [`sign_out`](crate::sign_out), [`switch_account`](crate::switch_account) and the
//! components do without.

use crate::{Accounts, AuthError, SessionCursor, SessionPage, SignOutError, SignedOut};
use leptos::prelude::*;

/// Signs out: what every sign-out button sends. In a browser
/// [`sign_out`](crate::sign_out) is better, which tells the page and the other tabs, too.
///
/// # Errors
///
/// See [`SignOutError`].
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::api::post_sign_out;
///
/// #[component]
/// fn ForgetMe() -> impl IntoView {
///     let on_click = move |_| {
///         spawn_local(async {
///             let scope = Some("global".to_owned());
///             if let Err(error) = post_sign_out(scope, None, Some(false), None).await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Sign out everywhere"</button> }
/// }
/// ```
#[server(name = PostSignOut, prefix = "/api", endpoint = "/sign_out")]
#[middleware(crate::server::strict_form::<Self>())]
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
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::api::session;
///
/// #[component]
/// fn Who() -> impl IntoView {
///     let found = Resource::new(|| (), |_| session());
///     let name = move || found.get()?.ok()?.map(|accounts| accounts.active.profile.name);
///     view! { <Suspense>{name}</Suspense> }
/// }
/// ```
#[server(name = GetSession, prefix = "/api", endpoint = "/session")]
#[middleware(crate::server::strict_form::<Self>())]
pub async fn session() -> Result<Option<Accounts>, AuthError> {
    crate::server::session()
}

/// Where the user is signed in, page by page: this session first, then by last use.
///
/// # Errors
///
/// [`AuthError::SignedOut`] when nobody is, [`AuthError::Unavailable`] when the database
/// could not tell, [`AuthError::Malformed`] for a place that no page has named.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::api::sessions;
///
/// #[component]
/// fn HowMany() -> impl IntoView {
///     let found = Resource::new(|| (), |_| sessions(None));
///     let count = move || found.get()?.ok().map(|page| page.sessions.len());
///     view! { <Suspense>{count}</Suspense> }
/// }
/// ```
#[server(name = GetSessions, prefix = "/api", endpoint = "/sessions")]
#[middleware(crate::server::strict_form::<Self>())]
pub async fn sessions(
    /// Where the page begins: the `next` of the one before.
    after: Option<SessionCursor>,
) -> Result<SessionPage, AuthError> {
    crate::server::sessions(after).await
}

/// Makes another account of this browser the active one.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`] when it is not signed in here,
/// [`AuthError::Unavailable`] when the database fails.
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::{User, api::switch_account};
///
/// #[component]
/// fn Switch(user: User) -> impl IntoView {
///     let on_click = move |_| {
///         let session = user.session.to_string();
///         spawn_local(async move {
///             if let Err(error) = switch_account(session, None).await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Switch"</button> }
/// }
/// ```
#[server(name = PostSwitchAccount, prefix = "/api", endpoint = "/switch_account")]
#[middleware(crate::server::strict_form::<Self>())]
pub async fn switch_account(
    /// The handle of the account's session on this browser.
    session: String,
    /// Where a form's browser goes: back to its page unless given.
    callback_url: Option<String>,
) -> Result<Accounts, AuthError> {
    crate::server::switch_account(session, callback_url).await
}
