//! Notices of sign-outs, from this page's own buttons, from another tab or from the server's stream.
//! Callbacks get each notice once.

use super::page;
use crate::{Reason, SessionHandle, SignOutNotice, SignOutScope};
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    mem,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

type Callback = Rc<dyn Fn(SignOutNotice)>;

/// How long to wait for a new token. The server sends the response with the token at the same moment as
/// the notice.
const TOKEN_DELAY: Duration = Duration::from_secs(1);

thread_local! {
    static CALLBACKS: RefCell<Vec<(u64, Callback)>> = const { RefCell::new(Vec::new()) };
    /// The ids of the events that callbacks have seen.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// How many of this page's own requests hold back notices and refreshes.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
    /// The notices that arrived meanwhile.
    static HELD_NOTICES: RefCell<Vec<SignOutNotice>> = const { RefCell::new(Vec::new()) };
    /// Whether a refresh was wanted meanwhile.
    static HELD_REFRESH: Cell<bool> = const { Cell::new(false) };
    static LAST_REASON: Cell<Option<Reason>> = const { Cell::new(None) };
    /// The session of this page whose end callbacks have seen.
    static SEEN_SESSION: RefCell<Option<SessionHandle>> = const { RefCell::new(None) };
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
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let callback: Callback = Rc::new(callback);
    // An effect runs only in the browser.
    Effect::new(move |_| {
        CALLBACKS.with_borrow_mut(|callbacks| callbacks.push((id, Rc::clone(&callback))));
    });
    on_cleanup(move || {
        CALLBACKS.with_borrow_mut(|callbacks| callbacks.retain(|(known, _)| *known != id));
    });
}

/// Returns why this page's user was last signed out, if the page knows.
pub(crate) fn last_reason() -> Option<Reason> {
    LAST_REASON.get()
}

/// Acts on a notice from another tab or from the server.
pub(super) fn receive(notice: SignOutNotice) {
    if HOLDS.get() > 0 {
        HELD_NOTICES.with_borrow_mut(|held| held.push(notice));
        return;
    }
    notify_callbacks(&notice);
    if renews_token(&notice) {
        set_timeout(page::refresh, TOKEN_DELAY);
    } else {
        page::refresh();
    }
}

/// Whether this browser gets a new token with the sign-out of the others. For a request with the previous
/// token, nobody would be signed in.
fn renews_token(notice: &SignOutNotice) -> bool {
    let is_of_the_app = !matches!(notice.reason, Reason::User | Reason::OtherDevice);
    !notice.is_current && notice.scope == SignOutScope::Others && is_of_the_app
}

/// Calls the app's callbacks, unless they have seen the notice.
pub(super) fn notify_callbacks(notice: &SignOutNotice) {
    let mut is_new = notice.events.is_empty();
    SEEN.with_borrow_mut(|seen| {
        for event in &notice.events {
            if !seen.contains(event) {
                seen.push(event.clone());
                is_new = true;
            }
        }
    });
    if !is_new {
        return;
    }
    if notice.is_current {
        // Once for each session: the notice of a pending sign-out arrives again after the sign-out.
        let current = page::session();
        let seen = SEEN_SESSION.with_borrow_mut(|seen| mem::replace(seen, current.clone()));
        if current.is_none() || seen == current {
            return;
        }
        LAST_REASON.set(Some(notice.reason));
    }
    // Not borrowed while they run: a callback may create or drop a component that has a callback.
    let callbacks = CALLBACKS.with_borrow(|callbacks| callbacks.clone());
    for (_, callback) in callbacks {
        callback(notice.clone());
    }
}

/// Notifies the callbacks that the page's session is gone, for an unknown reason.
pub(super) fn notify_session_gone() {
    notify_callbacks(&SignOutNotice {
        scope: SignOutScope::Local,
        reason: Reason::Unknown,
        is_current: true,
        events: Vec::new(),
    });
}

/// Forgets why the page's user was signed out, because somebody is signed in again.
pub(super) fn forget_reason() {
    LAST_REASON.set(None);
}

/// Postpones a refresh while this page's own request is under way. Returns whether it did.
pub(super) fn postpone_refresh() -> bool {
    let is_held = HOLDS.get() > 0;
    if is_held {
        HELD_REFRESH.set(true);
    }
    is_held
}

/// Holds back notices and refreshes until the guard is dropped.
#[must_use]
pub(super) fn hold() -> Hold {
    HOLDS.set(HOLDS.get() + 1);
    Hold
}

pub(super) struct Hold;

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.set(HOLDS.get() - 1);
        for notice in HELD_NOTICES.with_borrow_mut(mem::take) {
            receive(notice);
        }
        if HOLDS.get() == 0 && HELD_REFRESH.take() {
            page::refresh();
        }
    }
}
