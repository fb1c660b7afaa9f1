//! The page in the browser: its auth state, its history, and where it goes.

use super::{
    call, defer, events, live,
    navigation::{is_navigating, loading_ms, reload},
    pending, sign_out, tabs,
};
use crate::{
    Accounts, AuthError, AuthState, Reason, SessionHandle, SignOutError, SignOutNotice,
    SignOutOptions, platform::now, session_info::Listed, state::AuthContext,
};
use leptos::{
    prelude::*,
    task::{spawn_local, tick},
};
use std::cell::Cell;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{PageTransitionEvent, PerformanceNavigation};

/// How long the next page may take to load, in milliseconds.
const NAVIGATION_TIMEOUT_MS: f64 = 10_000.0;

thread_local! {
    /// The auth state of this page. A page has one `AuthProvider`; code that runs after an
    /// event has no reactive owner to find it through.
    static PAGE: Cell<Option<AuthContext>> = const { Cell::new(None) };
    /// Numbers the requests and updates, so that a late response does not undo a newer state.
    static LATEST: Cell<u64> = const { Cell::new(0) };
    /// How many parts of the page need a signed-in user.
    static PRIVATE_PARTS: Cell<u32> = const { Cell::new(0) };
}

/// Starts to follow the auth state, once the page is hydrated.
pub(crate) fn start(page: AuthContext) {
    PAGE.set(Some(page));
    let is_known = page.state.get_untracked() != AuthState::Loading;
    tabs::listen();
    // The other tabs may be older than the last sign-in or switch.
    if is_known {
        tabs::broadcast(&tabs::Hint::Session(session()));
    }
    // Deferred, because requesting the stream takes as long as all the rest.
    defer(move || {
        Effect::new(move |_| live::follow(page.state.with(AuthState::session)));
    });
    pending::start();
    hide_while_away();
    // A page from the browser's cache may be older than a sign-in.
    if !is_known || is_from_history() {
        refresh();
    }
}

fn is_from_history() -> bool {
    let performance = window().performance();
    performance.is_some_and(|performance| {
        performance.navigation().type_() == PerformanceNavigation::TYPE_BACK_FORWARD
    })
}

/// Counts a part of the page that needs a signed-in user, as long as it exists.
pub(crate) fn add_private_part() {
    PRIVATE_PARTS.set(PRIVATE_PARTS.get() + 1);
    on_cleanup(|| PRIVATE_PARTS.set(PRIVATE_PARTS.get() - 1));
}

/// Refreshes the page. If it began to load another page long ago and is still there, the user has stopped
/// that, and it reloads.
pub(super) fn on_focus() {
    match loading_ms() {
        None => refresh(),
        Some(ms) if ms > NAVIGATION_TIMEOUT_MS => reload(),
        Some(_) => {}
    }
}

/// Returns the session that this page shows.
pub(super) fn session() -> Option<SessionHandle> {
    let page = PAGE.get()?;
    page.state.with_untracked(AuthState::session)
}

/// Asks the server who is signed in, and updates the page in place. The user's input stays.
///
/// It is postponed while this page itself signs out or switches accounts: the response could show the
/// outcome, and make the page leave for another place.
pub(super) fn refresh() {
    if events::postpone_refresh() {
        return;
    }
    spawn_local(async {
        let number = LATEST.get() + 1;
        LATEST.set(number);
        let accounts = call::session().await;
        // The page may have a newer state by now. A failure changes nothing: any other state would be
        // a guess.
        if LATEST.get() == number
            && !events::postpone_refresh()
            && let Ok(accounts) = accounts
        {
            show(accounts);
        }
    });
}

/// Does the same without a delay.
async fn refresh_now() -> Result<(), AuthError> {
    show(call::session().await?);
    Ok(())
}

/// Keeps a page of the list of sessions as current as the auth state: the page after the cursor `after`,
/// or the first.
pub(crate) fn follow_sessions(listed: RwSignal<Option<Listed>>, after: Option<String>) {
    let AuthContext { refreshes, .. } = expect_context();
    Effect::new(move |previous: Option<()>| {
        let number = refreshes.get();
        // A list that the server has rendered is as new as the page.
        if previous.is_some() || listed.with_untracked(Option::is_none) {
            let after = after.clone();
            spawn_local(async move {
                let read = (call::sessions(after).await, now());
                // A later request has a newer response.
                if refreshes.try_get_untracked() == Some(number) {
                    listed.try_set(Some(read));
                }
            });
        }
    });
}

/// Makes the views that show more than the auth state load their data again.
pub(crate) fn refresh_lists() {
    if let Some(page) = PAGE.get() {
        page.refreshes.update(|refreshes| *refreshes += 1);
    }
}

fn show(accounts: Option<Accounts>) {
    LATEST.set(LATEST.get() + 1);
    let Some(page) = PAGE.get().filter(|_| !is_navigating()) else {
        return;
    };
    let shown = session();
    let is_signed_in = |session: &SessionHandle| {
        accounts.as_ref().is_some_and(|accounts| {
            let others = accounts.others.iter().map(|other| &other.session);
            others
                .chain([&accounts.active.session])
                .any(|one| one == session)
        })
    };
    if shown.is_some_and(|shown| !is_signed_in(&shown)) {
        events::notify_session_gone();
    }
    let (state, others) = match accounts {
        Some(accounts) => (AuthState::SignedIn(accounts.active), accounts.others),
        None => (AuthState::SignedOut, Vec::new()),
    };
    if state.user().is_some() {
        events::forget_reason();
        // Somebody is signed in again: a retry would sign them out.
        clear_pending();
    }
    if page.others.get_untracked() != others {
        page.others.set(others);
    }
    if page.state.get_untracked() != state {
        page.state.set(state);
    }
    refresh_lists();
}

/// Returns the pending sign-out that this page shows.
pub(super) fn pending() -> Option<SignOutOptions> {
    match PAGE.get()?.pending_sign_out.get_untracked()? {
        (options, SignOutError::Pending) => Some(options),
        _ => None,
    }
}

/// Removes the notice of a pending or failed sign-out.
pub(super) fn clear_pending() {
    if let Some(page) = PAGE.get()
        && page.pending_sign_out.with_untracked(Option::is_some)
    {
        page.pending_sign_out.set(None);
    }
}

/// Finishes a pending sign-out that another tab or a plain form has carried out.
pub(super) async fn finish_pending() {
    let Some(options) = pending() else { return };
    if options.redirect {
        // The user signed out on this page, which now goes to another one. Nothing is left to end, but
        // the response has the URL.
        drop(sign_out(options).await);
    } else {
        drop(refresh_now().await);
        clear_pending();
    }
}

/// Shows the account that is active after a sign-out that stays on the page, or nobody.
pub(super) async fn show_next_account() {
    let Some(page) = PAGE.get() else { return };
    // After a pending sign-out, the page no longer knows the other accounts.
    let may_have_next = page.state.get_untracked() == AuthState::SignedOut
        || page.others.with_untracked(|others| !others.is_empty());
    if !may_have_next || refresh_now().await.is_err() {
        show(None);
    }
    clear_pending();
}

/// Shows that nobody is signed in, and offers to send the sign-out again. Stays on the page.
pub(super) fn show_failure(options: SignOutOptions, error: SignOutError) {
    if let Some(page) = PAGE.get() {
        let shown = Some((options, error));
        // Not if it is the same: that would rebuild the notice while the user presses its button.
        if page.pending_sign_out.get_untracked() != shown {
            page.pending_sign_out.set(shown);
        }
        show(None);
    }
}

/// Does the same for a sign-out that did not reach the server, and sends it again later.
pub(super) fn show_pending(options: SignOutOptions) {
    if session().is_some() {
        events::notify_callbacks(&SignOutNotice {
            scope: options.scope,
            reason: Reason::User,
            is_current: true,
            events: Vec::new(),
        });
    }
    show_failure(options, SignOutError::Pending);
    pending::send_later();
}

/// Hides the page while it is in the back/forward cache. When the user returns, it stays hidden until the
/// server has confirmed that its session still exists.
fn hide_while_away() {
    let on_hide = Closure::<dyn Fn()>::new(|| {
        set_hidden(true);
        // A page that holds a lock or a connection is not kept in the cache.
        live::pause();
    });
    let on_show = Closure::<dyn Fn(PageTransitionEvent)>::new(|shown: PageTransitionEvent| {
        if shown.persisted() {
            spawn_local(confirm());
        }
    });
    for (event, listener) in [
        ("pagehide", on_hide.as_ref()),
        ("pageshow", on_show.as_ref()),
    ] {
        let _ = window().add_event_listener_with_callback(event, listener.unchecked_ref());
    }
    // The listeners live as long as the page.
    on_hide.forget();
    on_show.forget();
}

async fn confirm() {
    let shown = session();
    if shown.is_none() && !is_navigating() {
        // The page shows no user: there is nothing to hide.
        set_hidden(false);
        return refresh();
    }
    let accounts = call::session().await;
    let is_same = accounts.as_ref().is_ok_and(|accounts| {
        accounts.as_ref().map(|accounts| &accounts.active.session) == shown.as_ref()
    });
    match accounts {
        Ok(accounts) if !is_navigating() && (is_same || PRIVATE_PARTS.get() == 0) => {
            show(accounts);
            // The page is updated before it becomes visible.
            tick().await;
            set_hidden(false);
            live::follow(session());
        }
        // The server renders the current state, or the browser says that it cannot be reached.
        Ok(_) | Err(_) => reload(),
    }
}

fn set_hidden(hidden: bool) {
    if let Some(page) = document().document_element() {
        let _ = page.toggle_attribute_with_force("hidden", hidden);
    }
}
