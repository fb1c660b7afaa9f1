//! What the browser does: signs out, and acts on the answer.

mod page;
mod tabs;

pub(crate) use page::{load, start};

use crate::{SignOutError, SignOutOptions, SignedOut, api::post_sign_out};

/// Signs out from the browser: the call behind every sign-out button.
///
/// With `redirect` (the default) the page at the outcome's `url` is loaded as a new
/// document, so that nothing of the signed-out user stays in memory. Without, the page
/// stays and its [`AuthState`](crate::AuthState) flips.
///
/// # Errors
///
/// See [`SignOutError`]. When the server answers that it cleared the cookie but could not end
/// the session, the page shows nobody signed in, says so, and offers to try again.
///
/// ```
/// use leptos::{prelude::*, task::spawn_local};
/// use leptos_guardian::{SignOutOptions, SignOutScope, sign_out};
///
/// #[component]
/// fn SignOutEverywhere() -> impl IntoView {
///     let on_click = move |_| {
///         spawn_local(async {
///             let everywhere = SignOutOptions { scope: SignOutScope::Global, ..Default::default() };
///             if let Err(error) = sign_out(everywhere).await {
///                 leptos::logging::error!("{error}");
///             }
///         });
///     };
///     view! { <button on:click=on_click>"Sign out everywhere"</button> }
/// }
/// ```
pub async fn sign_out(options: SignOutOptions) -> Result<SignedOut, SignOutError> {
    let outcome = post_sign_out(
        Some(options.scope.to_string()),
        Some(options.redirect),
        options.callback_url.clone(),
    )
    .await;
    if outcome.is_ok() {
        tabs::tell();
    }
    match &outcome {
        Ok(SignedOut { url: Some(url), .. }) => load(url),
        Ok(_) if options.scope.ends_this_session() => page::show_signed_out(None),
        Err(SignOutError::Unavailable {
            signed_out_here: true,
        }) => page::show_signed_out(Some(options)),
        Ok(_) | Err(_) => {}
    }
    outcome
}
