//! Sign-outs as this page hears of them: from its own button, from another tab, from the
//! server's stream. Each is told once.

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

/// How long a new token may be on its way: the response that brings it is sent at the moment of the
/// notice.
const TOKEN_ON_ITS_WAY: Duration = Duration::from_secs(1);

thread_local! {
    static CALLBACKS: RefCell<Vec<(u64, Callback)>> = const { RefCell::new(Vec::new()) };
    /// The ids of the events that have been told.
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// How many of this page's own requests are under way.
    static QUIET: Cell<u32> = const { Cell::new(0) };
    /// What was heard meanwhile.
    static HELD_BACK: RefCell<Vec<SignOutNotice>> = const { RefCell::new(Vec::new()) };
    /// Whether it was to be asked meanwhile who is signed in.
    static HELD_QUESTION: Cell<bool> = const { Cell::new(false) };
    static LAST_REASON: Cell<Option<Reason>> = const { Cell::new(None) };
    /// The session of this page whose end has been told.
    static TOLD_HERE: RefCell<Option<SessionHandle>> = const { RefCell::new(None) };
}

/// Calls back whenever a sign-out concerns this page's user: by this page, another tab or
/// another device, an administrator, an expired session. Also when only other sessions ended,
/// with `is_current: false`. In the browser only, as long as the component lives.
///
/// Pages that need a user leave by themselves
/// ([`RequireSignedIn`](crate::RequireSignedIn)), and the auth state flips by itself.
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
    // An effect runs in the browser only.
    Effect::new(move |_| {
        CALLBACKS.with_borrow_mut(|callbacks| callbacks.push((id, Rc::clone(&callback))));
    });
    on_cleanup(move || {
        CALLBACKS.with_borrow_mut(|callbacks| callbacks.retain(|(known, _)| *known != id));
    });
}

/// Why this page's user was last signed out, if the page heard of it.
pub(crate) fn last_reason() -> Option<Reason> {
    LAST_REASON.get()
}

/// Acts on what another tab or the server says.
pub(super) fn hear(notice: SignOutNotice) {
    if QUIET.get() > 0 {
        HELD_BACK.with_borrow_mut(|held_back| held_back.push(notice));
        return;
    }
    tell_callbacks(&notice);
    if renews_token(&notice) {
        set_timeout(page::ask_again, TOKEN_ON_ITS_WAY);
    } else {
        page::ask_again();
    }
}

/// Whether this browser gets a new token with what ended the other sessions. Asked with the one
/// before, the server would say that nobody is signed in.
fn renews_token(notice: &SignOutNotice) -> bool {
    let is_of_the_app = !matches!(notice.reason, Reason::User | Reason::OtherDevice);
    !notice.is_current && notice.scope == SignOutScope::Others && is_of_the_app
}

/// Tells the app, unless it has been told.
pub(super) fn tell_callbacks(notice: &SignOutNotice) {
    let mut is_new = notice.events.is_empty();
    TOLD.with_borrow_mut(|told| {
        for event in &notice.events {
            if !told.contains(event) {
                told.push(event.clone());
                is_new = true;
            }
        }
    });
    if !is_new {
        return;
    }
    if notice.is_current {
        // Once for each session: a pending sign-out is heard again when it has been carried out.
        let here = page::session();
        let told = TOLD_HERE.with_borrow_mut(|told| std::mem::replace(told, here.clone()));
        if here.is_none() || told == here {
            return;
        }
        LAST_REASON.set(Some(notice.reason));
    }
    // Not borrowed while they run: a callback may end, or begin, a component that has one.
    let callbacks = CALLBACKS.with_borrow(|callbacks| callbacks.clone());
    for (_, callback) in callbacks {
        callback(notice.clone());
    }
}

/// The page has asked, and the session that it showed is gone.
pub(super) fn tell_gone() {
    tell_callbacks(&SignOutNotice {
        scope: SignOutScope::Local,
        reason: Reason::Unknown,
        is_current: true,
        events: Vec::new(),
    });
}

/// Somebody is signed in: what was told is over.
pub(super) fn forget_reason() {
    LAST_REASON.set(None);
}

/// Whether it is not the time to ask who is signed in; then that is done later.
pub(super) fn hold_question() -> bool {
    let is_quiet = QUIET.get() > 0;
    if is_quiet {
        HELD_QUESTION.set(true);
    }
    is_quiet
}

/// Holds back what is heard and what is to be asked, until it is dropped.
#[must_use]
pub(super) fn quiet() -> Quiet {
    QUIET.set(QUIET.get() + 1);
    Quiet
}

pub(super) struct Quiet;

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(QUIET.get() - 1);
        for notice in HELD_BACK.with_borrow_mut(mem::take) {
            hear(notice);
        }
        if QUIET.get() == 0 && HELD_QUESTION.take() {
            page::ask_again();
        }
    }
}
