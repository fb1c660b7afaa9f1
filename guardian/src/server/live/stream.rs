//! `/guardian/events`: the stream of server-sent events that one tab of each browser holds.

use super::{bus::Kind, watch::Watch};
use crate::{AuthError, live_path, server::Auth};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt as _, future, stream};
use http::{StatusCode, header};
use std::{convert::Infallible, time::Duration};

/// A comment this often keeps proxies from closing the connection, and finds out that the
/// browser is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long a browser waits before it comes back, in milliseconds, and how much longer at
/// most: not all of them at once after a restart.
const RETRY: u64 = 500;
const RETRY_SPREAD: u64 = 1000;

/// Streams what happens to the browser's sessions. The first event names the session, for
/// the page to compare with its own; the stream ends with it.
pub(crate) async fn stream(auth: Auth) -> Response {
    let watch = match Watch::start(&auth, Kind::Page).await {
        Ok(watch) => watch,
        // An EventSource that gets this does not come back.
        Err(AuthError::SignedOut) => return StatusCode::NO_CONTENT.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let retry = Duration::from_millis(RETRY + rand::random_range(0..RETRY_SPREAD));
    let first = Event::default()
        .retry(retry)
        .event(live_path::SESSION)
        .data(watch.session().as_str());
    let notices = stream::unfold(watch, |mut watch| async {
        let notice = watch.next().await?;
        let event = Event::default()
            .event(live_path::SIGNED_OUT)
            .json_data(&notice)
            .ok()?;
        Some((event, watch))
    });
    let events = stream::once(future::ready(first)).chain(notices);
    (
        [
            (header::CACHE_CONTROL, "no-store"),
            // Otherwise nginx keeps events back until its buffer is full.
            (http::HeaderName::from_static("x-accel-buffering"), "no"),
        ],
        Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)),
    )
        .into_response()
}
