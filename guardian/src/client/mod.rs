//! What the browser does: signs out, switches accounts, and acts on what it hears of others.

mod call;
mod events;
pub(crate) mod json;
mod live;
mod page;
mod pending;
mod tabs;

pub(crate) use events::last_reason;
pub use events::on_signed_out;
pub(crate) use page::{follow_sessions, load, needs_user, recheck, reload, start};

use crate::{
    Accounts, AuthError, Reason, SessionHandle, SignOutError, SignOutNotice, SignOutOptions,
    SignOutScope, SignedOut,
};
use leptos::prelude::{Owner, set_timeout};
use std::{cell::Cell, rc::Rc, time::Duration};
use tabs::Hint;

/// How long the server may take to answer a sign-out before the page forgets without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest pause between two tries of whatever is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Does something for the component that asks, in a task of its own.
pub(crate) fn later(work: impl FnOnce() + 'static) {
    let owner = Owner::current().unwrap_or_default();
    set_timeout(move || owner.with(work), Duration::ZERO);
}

/// The pause after this one.
fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

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
    let may_be_pending = options.scope.ends_this_session();
    let ends_here = options.ends(here.as_ref()) || (may_be_pending && pending::is_pending());
    // What is heard meanwhile is this very sign-out: it must not change the page first.
    let quiet = events::quiet();
    let is_answered = Rc::new(Cell::new(false));
    if ends_here {
        keep_pending_when_late(&is_answered, &options, here.clone());
    }
    let outcome = call::sign_out(&options).await;
    is_answered.set(true);
    let was_pending = may_be_pending && pending::is_pending();
    match outcome {
        Ok(done) => {
            let notice = SignOutNotice {
                scope: options.scope,
                reason: Reason::User,
                is_current: ends_here,
                events: done.events.clone(),
            };
            if may_be_pending {
                pending::forget();
            }
            if was_pending {
                // It has been told of when the page dropped its state.
                tabs::tell(&Hint::Settled);
            } else if ends_here || !done.ended.is_empty() {
                tabs::tell(&Hint::SignedOut(notice.clone()));
                events::tell_callbacks(&notice);
            }
            match &done.url {
                Some(url) => load(url),
                None if ends_here => page::show_next_account().await,
                None => page::recheck(),
            }
            Ok(done)
        }
        Err(SignOutError::Unreachable) if ends_here => {
            keep_pending(options, here);
            Err(SignOutError::Pending)
        }
        Err(error) => {
            if was_pending {
                pending::try_later();
            }
            if error
                == (SignOutError::Unavailable {
                    signed_out_here: true,
                })
            {
                page::show_failure(options, error.clone());
            }
            drop(quiet);
            Err(error)
        }
    }
}

/// A server that does not answer at all must not keep private what a person wanted gone.
fn keep_pending_when_late(
    is_answered: &Rc<Cell<bool>>,
    options: &SignOutOptions,
    here: Option<SessionHandle>,
) {
    let is_answered = Rc::clone(is_answered);
    let options = options.clone();
    set_timeout(
        move || {
            if !is_answered.get() {
                keep_pending(options, here);
            }
        },
        PATIENCE,
    );
}

/// Drops the page's private state, and leaves the sign-out to be sent again.
fn keep_pending(options: SignOutOptions, here: Option<SessionHandle>) {
    let options = SignOutOptions {
        // Said twice, it must not sign out the account that is active by then.
        session: match options.scope {
            SignOutScope::Browser => None,
            _ => options
                .session
                .clone()
                .or(here)
                .or_else(|| pending::read()?.session),
        },
        ..options
    };
    if !pending::is_pending() {
        pending::remember(&options);
        tabs::tell(&Hint::Pending(options.clone()));
    }
    page::show_pending(options);
}

/// Makes another account of this browser the active one, and loads the page anew. The
/// browser's other tabs follow.
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
    let quiet = events::quiet();
    let accounts = call::switch_account(session).await?;
    tabs::tell(&Hint::Session(Some(accounts.active.session.clone())));
    drop(quiet);
    reload();
    Ok(accounts)
}
