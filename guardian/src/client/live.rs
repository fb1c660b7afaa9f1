//! The server's stream of events. The [Web Locks API](https://www.w3.org/TR/web-locks/) chooses one tab
//! of the browser. This tab opens the stream and forwards the events to the others. Browsers allow six
//! connections per host over HTTP/1.1, so a stream for each tab would use them up. Without locks or
//! event streams, a tab asks the server when it gets the focus.

use super::{
    events,
    json::parse,
    next_pause, page,
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

/// The name of the lock. Locks belong to an origin.
const LOCK: &str = "leptos-guardian";

/// The pause after the first refusal of a stream. It grows with each further one. After a lost
/// connection, the browser reconnects by itself, and sooner.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

thread_local! {
    static LIVE: RefCell<Live> = const {
        RefCell::new(Live {
            session: None,
            has_requested_lock: false,
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
    has_requested_lock: bool,
    /// Releases the lock.
    release: Option<Function>,
    stream: Option<Stream>,
    pause: Duration,
}

/// An open stream and its listeners.
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

/// Follows a session. `None` closes the stream.
pub(super) fn follow(session: Option<SessionHandle>) {
    let Some(session) = session else {
        LIVE.with_borrow_mut(|live| live.session = None);
        pause();
        return;
    };
    let (is_other, holds_lock, has_requested_lock) = LIVE.with_borrow_mut(|live| {
        let is_other = live.session.replace(session.clone()).as_ref() != Some(&session);
        (is_other, live.release.is_some(), live.has_requested_lock)
    });
    if holds_lock && is_other {
        // The open stream belongs to the previous session.
        open();
    } else if !has_requested_lock {
        request_lock();
    }
}

/// Closes the stream and releases the lock, so that another tab can take it.
pub(super) fn pause() {
    let (stream, release) = LIVE.with_borrow_mut(|live| (live.stream.take(), live.release.take()));
    drop(stream);
    if let Some(release) = release {
        LIVE.with_borrow_mut(|live| live.has_requested_lock = false);
        let _ = release.call0(&JsValue::NULL);
    }
}

/// Calls `navigator.locks.request(LOCK, on_granted)` through `Reflect`, because web-sys has the API only
/// as an unstable one.
fn request_lock() {
    let has_streams = Reflect::has(&window(), &"EventSource".into()).unwrap_or(false);
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    let request = Reflect::get(&locks, &"request".into())
        .ok()
        .and_then(|request| request.dyn_into::<Function>().ok());
    let (Some(request), true) = (request, has_streams) else {
        return;
    };
    let on_granted = Closure::once_into_js(|| {
        // The lock is held until the promise resolves.
        let promise = Promise::new(&mut |resolve, _| {
            LIVE.with_borrow_mut(|live| live.release = Some(resolve));
        });
        let is_wanted = LIVE.with_borrow(|live| live.session.is_some());
        if is_wanted {
            open();
        } else {
            pause();
        }
        promise
    });
    LIVE.with_borrow_mut(|live| live.has_requested_lock = true);
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
            // Events may have been missed while there was no stream.
            page::refresh_lists();
        } else {
            page::refresh();
        }
        tabs::broadcast(&Hint::Session(session));
    });
    let on_signed_out = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        let notice = event.data().as_string();
        if let Some(notice) = notice.and_then(|notice| parse::<SignOutNotice>(&notice)) {
            tabs::broadcast(&Hint::SignedOut(notice.clone()));
            events::receive(notice);
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
    let previous = LIVE.with_borrow_mut(|live| live.stream.replace(stream));
    drop(previous);
}

/// Opens the stream again after a response that is not a stream: nobody is signed in any more, or a proxy
/// in between has failed. After a lost connection, the browser reconnects by itself.
fn on_error() {
    let pause = LIVE.with_borrow_mut(|live| {
        let source = &live.stream.as_ref()?.source;
        if source.ready_state() != EventSource::CLOSED {
            return None;
        }
        let next = next_pause(live.pause);
        Some(std::mem::replace(&mut live.pause, next))
    });
    if let Some(pause) = pause {
        page::refresh();
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
