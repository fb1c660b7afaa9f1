//! The server functions: what browsers, forms, mobile apps and scripts may call.
//!
//! Each is a POST with form fields. A plain form (`Accept: text/html`) gets a redirect, every other
//! request gets JSON.
//!
//! Calling them from a browser's program adds some 40 KB to it, for reading the responses with serde.
//! [`sign_out`](crate::sign_out), [`switch_account`](crate::switch_account) and the components do without.

use crate::{
    Accounts, AuthError, CallFailure, SessionCursor, SessionPage, SignOutError, SignedOut,
    platform::{refuse_call, refuse_sign_out},
};
use leptos::{prelude::*, server_fn::codec::JsonEncoding};

/// Signs out: every sign-out button sends this. In a browser's program, prefer
/// [`sign_out`](crate::sign_out), which also updates the page and the other tabs.
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
    /// The handle of the session that the scope refers to, instead of this one.
    session: Option<String>,
    /// Whether the browser goes to another page (the default).
    redirect: Option<bool>,
    /// Where it goes.
    callback_url: Option<String>,
) -> Result<SignedOut, SignOutError> {
    crate::server::sign_out(scope, session, redirect, callback_url).await
}

/// Returns who is signed in: the active account and the browser's others, or `null`.
///
/// # Errors
///
/// [`AuthError::Unavailable`] when the database fails.
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

/// Lists where the user is signed in, page by page: this session first, then by last use.
///
/// # Errors
///
/// [`AuthError::SignedOut`] when nobody is, [`AuthError::Unavailable`] when the database fails,
/// [`AuthError::Malformed`] for a place that no page has named.
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
    /// Where the page begins: the `next` of the previous one.
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

impl FromServerFnError for SignOutError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        refuse_sign_out(match error.into() {
            CallFailure::Malformed => Self::Malformed,
            CallFailure::UnsupportedMediaType => Self::UnsupportedMediaType,
            CallFailure::TooLarge => Self::TooLarge,
            CallFailure::Unreachable => Self::Unreachable,
        })
    }
}

impl FromServerFnError for AuthError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        refuse_call(match error.into() {
            CallFailure::Malformed => Self::Malformed,
            CallFailure::UnsupportedMediaType => Self::UnsupportedMediaType,
            CallFailure::TooLarge => Self::TooLarge,
            CallFailure::Unreachable => Self::Unreachable,
        })
    }
}
