//! What an app calls in the browser. The page's script does the work: see `script/guardian.d.ts`.

mod from_js;
mod script;
#[cfg(not(feature = "ssr"))]
mod signals;

#[cfg(not(feature = "ssr"))]
pub(crate) use signals::auth_signals;

use crate::{
    Accounts, AuthError, SessionHandle, SignOutError, SignOutNotice, SignOutOptions, SignedOut,
};
use leptos::prelude::*;

/// Signs out from the browser: the call behind every sign-out button.
///
/// With `redirect` (the default), the browser loads the outcome's `url` as a new document, so that
/// nothing of the signed-out user stays in memory. Without it, the page stays and its
/// [`AuthState`](crate::AuthState) changes.
///
/// # Errors
///
/// See [`SignOutError`]. If the sign-out includes this browser and the server fails or cannot be
/// reached, the page still shows that nobody is signed in, says what failed, and offers to try again. A
/// sign-out that could not be sent is pending: this page or another one sends it later by itself.
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::{SignOutOptions, sign_out};
///
/// #[component]
/// fn SignOutEverywhere() -> impl IntoView {
///     let on_click = move |_| {
///         spawn_local(async {
///             if let Err(error) = sign_out(SignOutOptions::global()).await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Sign out everywhere"</button> }
/// }
/// ```
pub async fn sign_out(options: SignOutOptions) -> Result<SignedOut, SignOutError> {
    script::call(
        "signOut",
        script::sign_out_options(&options),
        SignOutError::Unreachable,
    )
    .await
}

/// Makes another account of this browser the active one, and reloads the page. The browser's other tabs
/// follow.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`] when the account is not signed in on this browser any more;
/// see [`AuthError`] for the rest.
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::{User, switch_account};
///
/// #[component]
/// fn Switch(user: User) -> impl IntoView {
///     let on_click = move |_| {
///         let session = user.session.clone();
///         spawn_local(async move {
///             if let Err(error) = switch_account(&session).await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Switch"</button> }
/// }
/// ```
pub async fn switch_account(session: &SessionHandle) -> Result<Accounts, AuthError> {
    script::call(
        "switchAccount",
        session.as_str().into(),
        AuthError::Unreachable,
    )
    .await
}

/// Asks the server who is signed in on this browser, and updates the page. For code that signs somebody in
/// or out in a way that the page does not see: it sees every request to this site, and other tabs.
///
/// # Errors
///
/// See [`AuthError`].
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::refresh;
///
/// #[component]
/// fn Refresh() -> impl IntoView {
///     let on_click = move |_| {
///         spawn_local(async {
///             if let Err(error) = refresh().await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Is it still me?"</button> }
/// }
/// ```
pub async fn refresh() -> Result<Option<Accounts>, AuthError> {
    script::call(
        "refresh",
        wasm_bindgen::JsValue::UNDEFINED,
        AuthError::Unreachable,
    )
    .await
}

/// Calls back on every sign-out that concerns this page's user: by this page, another tab, another
/// device or an administrator, or because the session expired. If only other sessions ended,
/// `is_current` is `false`. It works only in the browser, and as long as the component exists.
///
/// The auth state changes by itself, and pages that need a user leave by themselves
/// ([`RequireSignedIn`](crate::RequireSignedIn)).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::on_signed_out;
///
/// #[component]
/// fn Farewell() -> impl IntoView {
///     let message = RwSignal::new(None);
///     on_signed_out(move |event| {
///         if event.is_current {
///             message.set(Some(event.reason.to_string()));
///         }
///     });
///     view! { <p role="status">{message}</p> }
/// }
/// ```
pub fn on_signed_out(callback: impl Fn(SignOutNotice) + 'static) {
    let mut callback = Some(callback);
    // An effect runs only in the browser.
    Effect::new(move |_| {
        if let Some(callback) = callback.take() {
            let listener = script::listen("signed-out", callback);
            on_cleanup(move || listener.remove());
        }
    });
}
