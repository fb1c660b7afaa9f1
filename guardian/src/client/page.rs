//! The page in the browser: its auth state, its history, where it goes.

use super::{call, events, later, live, pending, sign_out, tabs};
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
use web_sys::{PageTransitionEvent, PerformanceNavigation, js_sys::Date};

/// How long the way to the next page may take, in milliseconds.
const LONGEST_WAY: f64 = 10_000.0;

thread_local! {
    /// The auth state of this page. A page has one `AuthProvider`; code that runs after an
    /// event has no reactive owner to find it through.
    static PAGE: Cell<Option<AuthContext>> = const { Cell::new(None) };
    /// Since when another page is being loaded, in milliseconds since the epoch.
    static LEFT_AT: Cell<Option<f64>> = const { Cell::new(None) };
    /// Counts what is asked and shown, so that a late answer undoes nothing newer.
    static LATEST: Cell<u64> = const { Cell::new(0) };
    /// How many parts of the page need a signed-in user.
    static PRIVATE_PARTS: Cell<u32> = const { Cell::new(0) };
}

/// Takes charge of the page, once it is hydrated.
pub(crate) fn start(page: AuthContext) {
    PAGE.set(Some(page));
    let is_known = page.state.get_untracked() != AuthState::Loading;
    tabs::listen();
    // The others may have been opened before somebody signed in, or switched.
    if is_known {
        tabs::tell(&tabs::Hint::Session(session()));
    }
    // Later: asking for the stream takes as long as all the rest.
    later(move || {
        Effect::new(move |_| live::follow(page.state.with(AuthState::session)));
    });
    pending::start();
    hide_while_away();
    // What is known may come from the browser's cache, older than a sign-in.
    if !is_known || is_from_history() {
        ask_again();
    }
}

fn is_from_history() -> bool {
    let performance = window().performance();
    performance.is_some_and(|performance| {
        performance.navigation().type_() == PerformanceNavigation::TYPE_BACK_FORWARD
    })
}

/// Notes that a part of the page needs a signed-in user, as long as it is there.
pub(crate) fn needs_user() {
    PRIVATE_PARTS.set(PRIVATE_PARTS.get() + 1);
    on_cleanup(|| PRIVATE_PARTS.set(PRIVATE_PARTS.get() - 1));
}

/// The page is looked at: it asks again, or, when it was left long ago and is still there, is
/// loaded anew. Somebody has stopped the way to the next one.
pub(super) fn look() {
    match LEFT_AT.get() {
        None => ask_again(),
        Some(left_at) if Date::now() - left_at > LONGEST_WAY => reload(),
        Some(_) => {}
    }
}

fn is_leaving() -> bool {
    LEFT_AT.get().is_some()
}

/// The session that this page shows.
pub(super) fn session() -> Option<SessionHandle> {
    let page = PAGE.get()?;
    page.state.with_untracked(AuthState::session)
}

/// Asks the server who is signed in, and shows it in place: what a person has typed stays.
///
/// Not while this page itself signs out or switches: the answer could be what that has done,
/// and lead elsewhere.
pub(super) fn ask_again() {
    if events::hold_question() {
        return;
    }
    spawn_local(async {
        let asked = LATEST.get() + 1;
        LATEST.set(asked);
        let found = call::session().await;
        // Something newer may be known by now. On a failure nothing changes: any other state
        // would be a guess.
        if LATEST.get() == asked
            && !events::hold_question()
            && let Ok(found) = found
        {
            show(found);
        }
    });
}

async fn ask() -> Result<(), AuthError> {
    show(call::session().await?);
    Ok(())
}

/// Keeps a page of the list of sessions as true as the auth state: the one that begins `after` a
/// place, or the first.
pub(crate) fn follow_sessions(listed: RwSignal<Option<Listed>>, after: Option<String>) {
    let AuthContext { checked, .. } = expect_context();
    Effect::new(move |before: Option<()>| {
        let asked = checked.get();
        // What the server has rendered is as new as the page.
        if before.is_some() || listed.with_untracked(Option::is_none) {
            let after = after.clone();
            spawn_local(async move {
                let found = (call::sessions(after).await, now());
                // A later question has a newer answer.
                if checked.try_get_untracked() == Some(asked) {
                    listed.try_set(Some(found));
                }
            });
        }
    });
}

/// What shows more than the auth state may have changed.
pub(crate) fn recheck() {
    if let Some(page) = PAGE.get() {
        page.checked.update(|checked| *checked += 1);
    }
}

fn show(found: Option<Accounts>) {
    LATEST.set(LATEST.get() + 1);
    let Some(page) = PAGE.get().filter(|_| !is_leaving()) else {
        return;
    };
    let shown = session();
    let is_there = |session: &SessionHandle| {
        found.as_ref().is_some_and(|accounts| {
            let others = accounts.others.iter().map(|other| &other.session);
            others
                .chain([&accounts.active.session])
                .any(|one| one == session)
        })
    };
    if shown.is_some_and(|shown| !is_there(&shown)) {
        events::tell_gone();
    }
    let (state, others) = match found {
        Some(accounts) => (AuthState::SignedIn(accounts.active), accounts.others),
        None => (AuthState::SignedOut, Vec::new()),
    };
    if state.user().is_some() {
        events::forget_reason();
        // Somebody is signed in again: a retry would sign them out.
        settle();
    }
    if page.others.get_untracked() != others {
        page.others.set(others);
    }
    if page.state.get_untracked() != state {
        page.state.set(state);
    }
    recheck();
}

/// The pending sign-out that this page shows.
pub(super) fn pending() -> Option<SignOutOptions> {
    match PAGE.get()?.pending_sign_out.get_untracked()? {
        (options, SignOutError::Pending) => Some(options),
        _ => None,
    }
}

/// It has been seen through.
pub(super) fn settle() {
    if let Some(page) = PAGE.get()
        && page.pending_sign_out.with_untracked(Option::is_some)
    {
        page.pending_sign_out.set(None);
    }
}

/// The pending sign-out was carried out, by another tab or by a plain form.
pub(super) async fn settle_pending() {
    let Some(options) = pending() else { return };
    if options.redirect {
        // Asked for on this page, which is to go on: nothing is left to end, and the answer
        // says where.
        drop(sign_out(options).await);
    } else {
        drop(ask().await);
        settle();
    }
}

/// After a sign-out that stays on the page: another account may have become the active one.
pub(super) async fn show_next_account() {
    let Some(page) = PAGE.get() else { return };
    // A pending sign-out has left nothing that could tell.
    let may_have_next = page.state.get_untracked() == AuthState::SignedOut
        || page.others.with_untracked(|others| !others.is_empty());
    if !may_have_next || ask().await.is_err() {
        show(None);
    }
    settle();
}

/// Shows that nobody is signed in, without leaving the page, and the sign-out that is to be
/// sent again.
pub(super) fn show_failure(options: SignOutOptions, error: SignOutError) {
    if let Some(page) = PAGE.get() {
        let shown = Some((options, error));
        // Not for the same one again: that would rebuild the notice under somebody's finger.
        if page.pending_sign_out.get_untracked() != shown {
            page.pending_sign_out.set(shown);
        }
        show(None);
    }
}

/// The same for a sign-out that the server has not heard of.
pub(super) fn show_pending(options: SignOutOptions) {
    if session().is_some() {
        events::tell_callbacks(&SignOutNotice {
            scope: options.scope,
            reason: Reason::User,
            is_current: true,
            events: Vec::new(),
        });
    }
    show_failure(options, SignOutError::Pending);
    pending::try_later();
}

/// Loads a page as a new document, even when it is the one that is shown.
pub(crate) fn load(url: &str) {
    // From here on nothing may change what is shown: a page that needs a signed-in user would
    // leave for another place.
    LEFT_AT.set(Some(Date::now()));
    let location = window().location();
    let shown = location.href().unwrap_or_default();
    // Only refused for an unparsable URL; the server sends none.
    let _ = location.set_href(url);
    // A URL that differs in its fragment alone scrolls instead of loading.
    let target = web_sys::Url::new_with_base(url, &shown).map(|target| target.href());
    if target.is_ok_and(|target| {
        target.contains('#') && without_fragment(&target) == without_fragment(&shown)
    }) {
        let _ = location.reload();
    }
}

/// Loads this page as a new document.
pub(crate) fn reload() {
    LEFT_AT.set(Some(Date::now()));
    let _ = window().location().reload();
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

/// A page from the back/forward cache is as old as when it was left: nothing of it is shown
/// until the server has said that the same session is still there.
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
    if shown.is_none() && !is_leaving() {
        // Nobody's page: there is nothing to hide.
        set_hidden(false);
        return ask_again();
    }
    let found = call::session().await;
    let is_same = found.as_ref().is_ok_and(|found| {
        found.as_ref().map(|accounts| &accounts.active.session) == shown.as_ref()
    });
    match found {
        Ok(found) if !is_leaving() && (is_same || PRIVATE_PARTS.get() == 0) => {
            show(found);
            // What it changes is drawn before the page is seen.
            tick().await;
            set_hidden(false);
            live::follow(session());
        }
        // The server renders what is true, or the browser says that it cannot be reached.
        Ok(_) | Err(_) => reload(),
    }
}

fn set_hidden(hidden: bool) {
    if let Some(page) = document().document_element() {
        let _ = page.toggle_attribute_with_force("hidden", hidden);
    }
}
