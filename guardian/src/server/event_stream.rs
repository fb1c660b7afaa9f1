//! `/guardian/events`: the stream of server-sent events that one tab of each browser opens.

use super::{
    Auth,
    auth::{Update, Watch},
    live::Kind,
};
use crate::AuthError;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt as _, future, stream};
use http::{StatusCode, header};
use std::{convert::Infallible, time::Duration};

/// The path of the stream. The page's script knows it, and the names of the events.
pub(super) const PATH: &str = "/guardian/events";

/// The first event, with the handle of the session that the server sees. It comes again when the user has
/// signed in elsewhere: a page that has this session refreshes its list of sessions.
const SESSION: &str = "session";

/// In the place of a session's handle, it makes the page ask who is signed in.
const CHANGED: &str = "changed";

/// An event with a [`SignOutNotice`](crate::SignOutNotice).
const SIGNED_OUT: &str = "signed_out";

/// An event that says only that the stream lives. A page that misses it opens another stream. It keeps
/// proxies from closing the connection, too, and reveals that the browser is gone.
const ALIVE: &str = "alive";

/// The pause before that event. Shorter than `LONGEST_SILENCE_MS` of script/stream.mjs, by as much as a network
/// may delay it.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a browser waits before it reconnects, in milliseconds, and how much longer it may wait at
/// random: after a restart, not all browsers return at once.
const RETRY: u64 = 500;
const RETRY_SPREAD: u64 = 1000;

/// Streams what concerns a browser: sign-outs, and sign-ins elsewhere. The first event names the session,
/// which the page compares with its own. The stream ends with the session.
pub(crate) async fn stream(auth: Auth) -> Response {
    let watch = match Watch::start(&auth, Kind::Page).await {
        Ok(watch) => watch,
        // An EventSource does not reconnect after this status.
        Err(AuthError::SignedOut) => return StatusCode::NO_CONTENT.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let retry = Duration::from_millis(RETRY + rand::random_range(0..RETRY_SPREAD));
    let first = session_event(&watch).retry(retry);
    let updates = stream::unfold(watch, |mut watch| async {
        let event = match watch.next().await? {
            Update::SignOut(notice) => {
                Event::default().event(SIGNED_OUT).json_data(&notice).ok()?
            }
            Update::SignIn => session_event(&watch),
            Update::Profile => Event::default().event(SESSION).data(CHANGED),
        };
        Some((event, watch))
    });
    let events = stream::once(future::ready(first)).chain(updates);
    // An event without data is none.
    let alive = Event::default().event(ALIVE).data(ALIVE);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).event(alive);
    (
        [
            (header::CACHE_CONTROL, "no-store"),
            // Otherwise nginx holds events until its buffer is full.
            (http::HeaderName::from_static("x-accel-buffering"), "no"),
        ],
        Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(keep_alive),
    )
        .into_response()
}

fn session_event(watch: &Watch) -> Event {
    Event::default()
        .event(SESSION)
        .data(watch.session().as_str())
}
