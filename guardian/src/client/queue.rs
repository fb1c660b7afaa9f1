//! A sign-out that could not reach the server. It is kept in a cookie, which does two things:
//! the server shows nobody signed in from the browser's next request on, and whichever page
//! runs next sends the sign-out.

use super::{longer, page, sign_out};
use crate::{SignOutOptions, query::find_field};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, time::Duration};
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::HtmlDocument;

/// The server knows the cookie by the same name, and removes it when somebody signs in or out.
const COOKIE: &str = "signing_out";

/// As long as browsers keep any cookie: 400 days, in seconds.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;

/// The pause before the first further try, longer after each.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

thread_local! {
    static PAUSE: Cell<Duration> = const { Cell::new(FIRST_PAUSE) };
    static IS_SENDING: Cell<bool> = const { Cell::new(false) };
    static IS_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Sends what an earlier page has left, and tries again whenever the network comes back.
pub(super) fn start() {
    try_now();
    let on_online = Closure::<dyn Fn()>::new(|| {
        try_now();
        page::ask_again();
    });
    let _ = window().add_event_listener_with_callback("online", on_online.as_ref().unchecked_ref());
    // The listener lives as long as the page.
    on_online.forget();
}

/// The sign-out that is still to be sent.
pub(super) fn read() -> Option<SignOutOptions> {
    let cookies = html_document().cookie().ok()?;
    let prefix = format!("{}=", name());
    let value = cookies
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix(&prefix))?;
    // One that another version of the site has left means a sign-out all the same.
    Some(SignOutOptions::from_fields(|name| find_field(value, name)).unwrap_or_default())
}

/// Keeps a sign-out until the server can be reached.
pub(super) fn remember(options: &SignOutOptions) {
    let options = SignOutOptions {
        // A cookie holds about 4 KB; and the page that sends it goes nowhere.
        callback_url: None,
        ..options.clone()
    };
    write(&options.to_fields(), MAX_AGE);
}

/// The server knows now.
pub(super) fn forget() {
    PAUSE.set(FIRST_PAUSE);
    if read().is_some() {
        write("", 0);
    }
}

/// Tries again after a while, each time after a longer one.
pub(super) fn try_later() {
    if IS_WAITING.replace(true) {
        return;
    }
    let pause = PAUSE.get();
    PAUSE.set(longer(pause));
    set_timeout(
        || {
            IS_WAITING.set(false);
            try_now();
        },
        pause,
    );
}

fn try_now() {
    let Some(queued) = read() else {
        PAUSE.set(FIRST_PAUSE);
        return spawn_local(page::settle_queued());
    };
    if IS_SENDING.replace(true) {
        return;
    }
    // Only the page on which it was asked for goes where it was to lead.
    let options = page::unfinished().unwrap_or(SignOutOptions {
        redirect: false,
        ..queued
    });
    spawn_local(async move {
        // A failure is shown, and tried again, by the call itself.
        let _ = sign_out(options).await;
        IS_SENDING.set(false);
    });
}

fn write(value: &str, max_age: u32) {
    let secure = if is_secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{secure}",
        name()
    );
    // Refused where cookies are; then this page alone forgets.
    let _ = html_document().set_cookie(&cookie);
}

fn name() -> String {
    let prefix = if is_secure() { "__Host-" } else { "" };
    format!("{prefix}{COOKIE}")
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
