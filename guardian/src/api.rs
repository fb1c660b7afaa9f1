//! The server functions: what browsers, forms, mobile apps and scripts may call.
//!
//! Each is a POST with form fields. A plain form (`Accept: text/html`) gets a redirect, every other
//! request gets JSON.
//!
//! A call from the browser adds about 40 KB to the page's program: serde, to read the response.
//! [`sign_out`](crate::sign_out), [`switch_account`](crate::switch_account) and the components need no
//! serde.

use crate::{
    Accounts, AuthError, CallFailure, SessionCursor, SessionPage, SignOutError, SignedOut,
    platform::{refuse_call, refuse_sign_out},
};
use leptos::{prelude::*, server_fn::codec::JsonEncoding};

/// Signs out. Every sign-out button sends this. In the browser, prefer [`sign_out`](crate::sign_out),
/// which also updates the page and the other tabs.
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
///             if let Err(error) = post_sign_out(scope, None, Some(false), None, None).await {
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
    /// The page that the browser goes to.
    callback_url: Option<String>,
    /// What stands for the user whom the page showed, in the library's own forms. If another account is the active
    /// one by now, because the form is sent twice or the page is old, that account stays signed in.
    shown_user: Option<String>,
) -> Result<SignedOut, SignOutError> {
    crate::server::sign_out(scope, session, redirect, callback_url, shown_user).await
}

/// Returns the signed-in accounts of this browser: the active one and the others. `null` if nobody is
/// signed in.
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
/// fn UserName() -> impl IntoView {
///     let accounts = Resource::new(|| (), |_| session());
///     let name = move || accounts.get()?.ok()?.map(|accounts| accounts.active.profile.name);
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
/// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
/// fails, [`AuthError::Malformed`] when `after` is not the `next` of a page.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::api::sessions;
///
/// #[component]
/// fn SessionCount() -> impl IntoView {
///     let page = Resource::new(|| (), |_| sessions(None));
///     let count = move || page.get()?.ok().map(|page| page.sessions.len());
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
    /// Where the browser goes after a plain form: back to the form's page unless given.
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
