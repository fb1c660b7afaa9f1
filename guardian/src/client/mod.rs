//! The browser's half: signs out, switches accounts, and follows what happens in other tabs and on other
//! devices.

mod call;
mod events;
pub(crate) mod json;
mod live;
pub(crate) mod navigation;
mod page;
mod pending;
mod tabs;

pub(crate) use events::last_reason;
pub use events::on_signed_out;
pub(crate) use navigation::{load, reload};
pub(crate) use page::{add_private_part, follow_sessions, refresh_lists, start};

use crate::{
    Accounts, AuthError, Reason, SessionHandle, SignOutError, SignOutNotice, SignOutOptions,
    SignOutScope, SignedOut,
};
use leptos::prelude::{Owner, set_timeout};
use std::{cell::Cell, rc::Rc, time::Duration};
use tabs::Hint;

/// How long the page waits for the response to a sign-out before it drops its private state without one.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs `work` in its own task, with the current reactive owner.
pub(crate) fn defer(work: impl FnOnce() + 'static) {
    let owner = Owner::current().unwrap_or_default();
    set_timeout(move || owner.with(work), Duration::ZERO);
}

/// Doubles the pause between two attempts, up to a limit.
fn next_pause(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

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
    let current = page::session();
    let may_be_pending = options.scope.ends_this_session();
    let ends_here = options.ends(current.as_ref()) || (may_be_pending && pending::is_pending());
    // Notices that arrive meanwhile are about this sign-out. They must not change the page first.
    let hold = events::hold();
    let has_response = Rc::new(Cell::new(false));
    if ends_here {
        keep_pending_when_late(&has_response, &options, current.clone());
    }
    let outcome = call::sign_out(&options).await;
    has_response.set(true);
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
                // Tabs and callbacks were notified when the page dropped its state.
                tabs::broadcast(&Hint::Settled);
            } else if ends_here || !done.ended.is_empty() {
                tabs::broadcast(&Hint::SignedOut(notice.clone()));
                events::notify_callbacks(&notice);
            }
            match &done.url {
                Some(url) => load(url),
                None if ends_here => page::show_next_account().await,
                None => page::refresh_lists(),
            }
            Ok(done)
        }
        Err(SignOutError::Unreachable) if ends_here => {
            keep_pending(options, current);
            Err(SignOutError::Pending)
        }
        Err(error) => {
            if was_pending {
                pending::send_later();
            }
            if error
                == (SignOutError::Unavailable {
                    signed_out_here: true,
                })
            {
                page::show_failure(options, error.clone());
            }
            drop(hold);
            Err(error)
        }
    }
}

/// Keeps the sign-out pending if no response arrives in time: a slow server must not keep the user's data
/// on the page.
fn keep_pending_when_late(
    has_response: &Rc<Cell<bool>>,
    options: &SignOutOptions,
    current: Option<SessionHandle>,
) {
    let has_response = Rc::clone(has_response);
    let options = options.clone();
    set_timeout(
        move || {
            if !has_response.get() {
                keep_pending(options, current);
            }
        },
        RESPONSE_TIMEOUT,
    );
}

/// Drops the page's private state, and keeps the sign-out to send it again.
fn keep_pending(options: SignOutOptions, current: Option<SessionHandle>) {
    let options = SignOutOptions {
        // The second request must not sign out the account that is active by then.
        session: match options.scope {
            SignOutScope::Browser => None,
            _ => options
                .session
                .clone()
                .or(current)
                .or_else(|| pending::read()?.session),
        },
        ..options
    };
    if !pending::is_pending() {
        pending::remember(&options);
        tabs::broadcast(&Hint::Pending(options.clone()));
    }
    page::show_pending(options);
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
    let hold = events::hold();
    let accounts = call::switch_account(session).await?;
    tabs::broadcast(&Hint::Session(Some(accounts.active.session.clone())));
    drop(hold);
    reload();
    Ok(accounts)
}
