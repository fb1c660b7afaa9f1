//! What the browser does: signs out, switches accounts, and acts on what it hears of others.

mod events;
mod live;
mod page;
mod queue;
mod tabs;

pub(crate) use events::last_reason;
pub use events::on_signed_out;
pub(crate) use page::{load, reload, start};

use crate::{
    Accounts, AuthError, Reason, SessionHandle, SignOutError, SignOutNotice, SignOutOptions,
    SignOutScope, SignedOut, api,
};
use tabs::Hint;

/// Signs out from the browser: the call behind every sign-out button.
///
/// With `redirect` (the default) the page at the outcome's `url` is loaded as a new
/// document, so that nothing of the signed-out user stays in memory. Without, the page
/// stays and its [`AuthState`](crate::AuthState) flips.
///
/// # Errors
///
/// See [`SignOutError`]. When this browser was to be signed out and the server could not do its
/// part, or could not be reached, the page shows nobody signed in all the same, says so, and
/// offers to try again; what could not be sent is sent by itself later, also by another page.
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
    let here = page::session();
    let is_queued = queue::read().is_some();
    let ends_here = is_queued || options.ends(here.as_ref());
    // What is heard meanwhile is this very sign-out: it must not change the page first.
    let quiet = events::quiet();
    let outcome = api::post_sign_out(
        Some(options.scope.to_string()),
        options.session.as_ref().map(SessionHandle::to_string),
        Some(options.redirect),
        options.callback_url.clone(),
    )
    .await;
    match outcome {
        Ok(done) => {
            let notice = SignOutNotice {
                scope: options.ended_scope(),
                reason: Reason::User,
                here: ends_here,
                events: done.events.clone(),
            };
            if is_queued {
                // It has been told of when the page dropped its state.
                queue::forget();
                tabs::tell(&Hint::Settled);
            } else {
                tabs::tell(&Hint::SignedOut(notice.clone()));
                events::tell_callbacks(&notice);
            }
            match &done.url {
                Some(url) => load(url),
                None if ends_here => page::show_next_account().await,
                None => {}
            }
            Ok(done)
        }
        Err(SignOutError::Unreachable) if ends_here => {
            // Of several accounts, the one that the page shows.
            let one = SignOutOptions {
                session: match options.scope {
                    SignOutScope::Local => options.session.clone().or(here),
                    _ => None,
                },
                ..options
            };
            if !is_queued {
                queue::remember(&one);
                tabs::tell(&Hint::Queued(one.clone()));
            }
            page::show_queued(one);
            Err(SignOutError::Queued)
        }
        Err(error) => {
            if is_queued {
                queue::try_later();
            }
            if error
                == (SignOutError::Unavailable {
                    signed_out_here: true,
                })
            {
                page::show_unfinished(options, error.clone());
            }
            drop(quiet);
            Err(error)
        }
    }
}

/// Makes another account of this browser the active one, and loads the page anew. The
/// browser's other tabs follow.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`] when the account is not signed in on this browser any more;
/// see [`AuthError`] for the rest.
pub async fn switch_account(session: &SessionHandle) -> Result<Accounts, AuthError> {
    let quiet = events::quiet();
    let accounts = api::switch_account(session.to_string(), None).await?;
    tabs::tell(&Hint::Session(Some(accounts.active.session.clone())));
    drop(quiet);
    reload();
    Ok(accounts)
}
