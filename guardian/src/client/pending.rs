//! The pending sign-out: one that could not reach the server. Its cookie does two things: the server
//! shows nobody signed in from the browser's next request on, and the next page that runs sends it.
//!
//! Over http, a page on another port or a neighbouring host can set the cookie, too. So the cookie alone
//! asks for no more than a sign-out of this browser. Wider options wait in the storage of this origin,
//! which no other origin can write.

use super::{longer, page, sign_out};
use crate::{
    SignOutOptions, SignOutScope,
    cookie_names::{PENDING_SIGN_OUT, cookie_name},
    query::find_field,
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, time::Duration};
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{HtmlDocument, Storage};

/// What the storage has it under.
const STORED: &str = "leptos-guardian.pending_sign_out";

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

/// Whether a sign-out is still to be sent.
pub(super) fn is_pending() -> bool {
    let prefix = format!("{}=", name());
    let cookies = html_document().cookie().unwrap_or_default();
    cookies
        .split("; ")
        .any(|cookie| cookie.starts_with(&prefix))
}

/// The sign-out that is still to be sent. Without a readable one in the storage it is that of this
/// browser.
pub(super) fn read() -> Option<SignOutOptions> {
    is_pending().then(|| stored().unwrap_or_default())
}

/// What the storage has. It is bound to the session that it was asked for: the next user's
/// sessions are not ended by what an earlier one has left.
fn stored() -> Option<SignOutOptions> {
    let fields = storage()?.get_item(STORED).ok()??;
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
    write("1", MAX_AGE);
    // An older one must not take its place.
    forget_stored();
    // Where cookies are refused, this page alone forgets.
    if is_pending()
        && let Some(storage) = storage()
    {
        let options = SignOutOptions {
            // It could make the request too large; and the page that sends it goes nowhere.
            callback_url: None,
            ..options.clone()
        };
        let _ = storage.set_item(STORED, &options.to_fields());
    }
}

/// The server knows now.
pub(super) fn forget() {
    PAUSE.set(FIRST_PAUSE);
    if is_pending() {
        write("", 0);
    }
    forget_stored();
}

fn forget_stored() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(STORED);
    }
}

/// The storage of this origin. A browser that is to keep nothing throws, or has none.
fn storage() -> Option<Storage> {
    window().local_storage().ok()?
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
    let Some(left) = read() else {
        PAUSE.set(FIRST_PAUSE);
        // A sign-in has removed the cookie, or another page has sent it.
        forget_stored();
        return spawn_local(page::settle_pending());
    };
    if IS_SENDING.replace(true) {
        return;
    }
    // Only the page on which it was asked for goes where it was to lead.
    let options = page::pending().unwrap_or(SignOutOptions {
        redirect: false,
        ..left
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
    let _ = html_document().set_cookie(&cookie);
}

fn name() -> String {
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
