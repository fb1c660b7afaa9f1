//! The server's stream of events. One tab of a browser holds it, by the
//! [Web Locks API](https://www.w3.org/TR/web-locks/), and passes on what it hears: browsers
//! allow six connections per host over HTTP/1.1, so a stream for each tab would starve them.
//! Where there are no locks or no event streams, a tab asks when it is looked at.

use super::{
    events,
    json::parse,
    longer, page,
    tabs::{self, Hint},
};
use crate::{SessionHandle, SignOutNotice, event_names};
use leptos::prelude::*;
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{
    EventSource, MessageEvent,
    js_sys::{Function, Promise, Reflect},
};

/// The name of the lock; browsers keep it to this origin.
const LOCK: &str = "leptos-guardian";

/// The pause before a refused stream is asked for again, longer after each refusal. A lost
/// connection is the browser's to bring back, which it does sooner.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

thread_local! {
    static LIVE: RefCell<Live> = const {
        RefCell::new(Live {
            session: None,
            has_asked: false,
            release: None,
            stream: None,
            pause: FIRST_PAUSE,
        })
    };
}

struct Live {
    /// The session to follow, if anybody is signed in.
    session: Option<SessionHandle>,
    /// Whether this tab holds the lock or waits for it.
    has_asked: bool,
    /// Gives the lock back.
    release: Option<Function>,
    stream: Option<Stream>,
    pause: Duration,
}

/// An open stream, and what it calls.
struct Stream {
    source: EventSource,
    _on_session: Closure<dyn Fn(MessageEvent)>,
    _on_signed_out: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// Follows a session, or none.
pub(super) fn follow(session: Option<SessionHandle>) {
    let Some(session) = session else {
        LIVE.with_borrow_mut(|live| live.session = None);
        pause();
        return;
    };
    let (is_other, holds_lock, has_asked) = LIVE.with_borrow_mut(|live| {
        let is_other = live.session.replace(session.clone()).as_ref() != Some(&session);
        (is_other, live.release.is_some(), live.has_asked)
    });
    if holds_lock && is_other {
        // The stream of the session before is over.
        open();
    } else if !has_asked {
        ask_for_lock();
    }
}

/// Lets go of the stream and of the lock, for another tab to take.
pub(super) fn pause() {
    let (stream, release) = LIVE.with_borrow_mut(|live| (live.stream.take(), live.release.take()));
    drop(stream);
    if let Some(release) = release {
        LIVE.with_borrow_mut(|live| live.has_asked = false);
        let _ = release.call0(&JsValue::NULL);
    }
}

/// `navigator.locks.request(LOCK, on_granted)`; web-sys counts the API as unstable.
fn ask_for_lock() {
    let has_streams = Reflect::has(&window(), &"EventSource".into()).unwrap_or(false);
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    let request = Reflect::get(&locks, &"request".into())
        .ok()
        .and_then(|request| request.dyn_into::<Function>().ok());
    let (Some(request), true) = (request, has_streams) else {
        return;
    };
    let on_granted = Closure::once_into_js(|| {
        // Held until the promise is kept.
        let promise = Promise::new(&mut |keep, _| {
            LIVE.with_borrow_mut(|live| live.release = Some(keep));
        });
        let is_wanted = LIVE.with_borrow(|live| live.session.is_some());
        if is_wanted {
            open();
        } else {
            pause();
        }
        promise
    });
    LIVE.with_borrow_mut(|live| live.has_asked = true);
    let _ = request.call2(&locks, &LOCK.into(), &on_granted);
}

fn open() {
    let Ok(source) = EventSource::new(event_names::PATH) else {
        return;
    };
    let on_session = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        LIVE.with_borrow_mut(|live| live.pause = FIRST_PAUSE);
        let session = event.data().as_string().map(SessionHandle);
        if session == page::session() {
            // Nobody told what happened while there was no stream.
            page::recheck();
        } else {
            page::ask_again();
        }
        tabs::tell(&Hint::Session(session));
    });
    let on_signed_out = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        let notice = event.data().as_string();
        if let Some(notice) = notice.and_then(|notice| parse::<SignOutNotice>(&notice)) {
            tabs::tell(&Hint::SignedOut(notice.clone()));
            events::hear(notice);
        }
    });
    let on_error = Closure::<dyn Fn()>::new(on_error);
    for (event, listener) in [
        (event_names::SESSION, on_session.as_ref()),
        (event_names::SIGNED_OUT, on_signed_out.as_ref()),
        ("error", on_error.as_ref()),
    ] {
        let _ = source.add_event_listener_with_callback(event, listener.unchecked_ref());
    }
    let stream = Stream {
        source,
        _on_session: on_session,
        _on_signed_out: on_signed_out,
        _on_error: on_error,
    };
    let before = LIVE.with_borrow_mut(|live| live.stream.replace(stream));
    drop(before);
}

/// The browser reconnects by itself after a lost connection, but not after an answer that is
/// no stream: nobody is signed in any more, or something in between has failed.
fn on_error() {
    let pause = LIVE.with_borrow_mut(|live| {
        let source = &live.stream.as_ref()?.source;
        if source.ready_state() != EventSource::CLOSED {
            return None;
        }
        let next = longer(live.pause);
        Some(std::mem::replace(&mut live.pause, next))
    });
    if let Some(pause) = pause {
        page::ask_again();
        set_timeout(
            || {
                let is_wanted =
                    LIVE.with_borrow(|live| live.session.is_some() && live.release.is_some());
                if is_wanted {
                    open();
                }
            },
            pause,
        );
    }
}
