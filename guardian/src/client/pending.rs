//! The pending sign-out: one that could not reach the server. Its cookie does two things: the server
//! shows nobody signed in from the browser's next request on, and the next page that runs sends it.
//!
//! Over http, a page on another port or a sibling host can set the cookie, too. Therefore the cookie alone
//! asks for no more than a sign-out of this browser. The exact options are in the storage of this origin,
//! which no other origin can write.

use super::{next_pause, page, sign_out};
use crate::{
    SignOutOptions, SignOutScope,
    cookie_names::{PENDING_SIGN_OUT, cookie_name},
    query::find_field,
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, time::Duration};
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{HtmlDocument, Storage};

const STORAGE_KEY: &str = "leptos-guardian.pending_sign_out";

/// As long as browsers keep any cookie: 400 days, in seconds.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;

/// The pause before the second attempt. It grows with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

thread_local! {
    static PAUSE: Cell<Duration> = const { Cell::new(FIRST_PAUSE) };
    static IS_SENDING: Cell<bool> = const { Cell::new(false) };
    static IS_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Sends the sign-out that an earlier page has left pending, and tries again whenever the network comes
/// back.
pub(super) fn start() {
    send_now();
    let on_online = Closure::<dyn Fn()>::new(|| {
        send_now();
        page::refresh();
    });
    let _ = window().add_event_listener_with_callback("online", on_online.as_ref().unchecked_ref());
    // The listener lives as long as the page.
    on_online.forget();
}

/// Whether this browser has a pending sign-out.
pub(super) fn is_pending() -> bool {
    let prefix = format!("{}=", full_cookie_name());
    let cookies = html_document().cookie().unwrap_or_default();
    cookies
        .split("; ")
        .any(|cookie| cookie.starts_with(&prefix))
}

/// Returns the pending sign-out. Without usable options in the storage, it is a sign-out of this browser.
pub(super) fn read() -> Option<SignOutOptions> {
    is_pending().then(|| stored_options().unwrap_or_default())
}

/// Reads the options from the storage. They must name the session of the user who asked, so that they
/// never end the next user's sessions.
fn stored_options() -> Option<SignOutOptions> {
    let fields = storage()?.get_item(STORAGE_KEY).ok()??;
    let options = SignOutOptions::from_fields(|name| find_field(&fields, name))?;
    let is_bound = match options.scope {
        SignOutScope::Local | SignOutScope::Global => options.session.is_some(),
        SignOutScope::Browser => true,
        SignOutScope::Others => false,
    };
    is_bound.then_some(options)
}

/// Keeps a sign-out until the server can be reached.
pub(super) fn remember(options: &SignOutOptions) {
    write_cookie("1", MAX_AGE);
    // The options of an older sign-out must not count for this one.
    remove_options();
    // If the browser refuses cookies, only this page drops its state.
    if is_pending()
        && let Some(storage) = storage()
    {
        let options = SignOutOptions {
            // It could make the request too large, and the page that sends it stays where it is.
            callback_url: None,
            ..options.clone()
        };
        let _ = storage.set_item(STORAGE_KEY, &options.to_fields());
    }
}

/// Removes the pending sign-out, because the server has carried it out.
pub(super) fn forget() {
    PAUSE.set(FIRST_PAUSE);
    if is_pending() {
        write_cookie("", 0);
    }
    remove_options();
}

fn remove_options() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(STORAGE_KEY);
    }
}

/// Returns the storage of this origin. A browser that stores nothing throws an error, or has none.
fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Tries again after a pause, which grows with each attempt.
pub(super) fn send_later() {
    if IS_WAITING.replace(true) {
        return;
    }
    let pause = PAUSE.get();
    PAUSE.set(next_pause(pause));
    set_timeout(
        || {
            IS_WAITING.set(false);
            send_now();
        },
        pause,
    );
}

fn send_now() {
    let Some(options) = read() else {
        PAUSE.set(FIRST_PAUSE);
        // A sign-in has removed the cookie, or another page has sent the sign-out.
        remove_options();
        return spawn_local(page::finish_pending());
    };
    if IS_SENDING.replace(true) {
        return;
    }
    // Only the page on which the user signed out goes to another page afterwards.
    let options = page::pending().unwrap_or(SignOutOptions {
        redirect: false,
        ..options
    });
    spawn_local(async move {
        // `sign_out` itself shows a failure, and tries again.
        let _ = sign_out(options).await;
        IS_SENDING.set(false);
    });
}

fn write_cookie(value: &str, max_age: u32) {
    let secure = if is_secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{secure}",
        full_cookie_name()
    );
    let _ = html_document().set_cookie(&cookie);
}

fn full_cookie_name() -> String {
    let port = window().location().port().unwrap_or_default();
    cookie_name(PENDING_SIGN_OUT, is_secure(), &port)
}

fn is_secure() -> bool {
    window()
        .location()
        .protocol()
        .is_ok_and(|protocol| protocol == "https:")
}

fn html_document() -> HtmlDocument {
    document().unchecked_into()
}
