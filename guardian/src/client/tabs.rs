//! The other tabs of this browser. They are told that something changed, and ask the server
//! what: a message is a hint, the server decides.

use super::page;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{BroadcastChannel, VisibilityState};

/// The name of the channel; browsers keep it to this origin.
const CHANNEL: &str = "leptos-guardian";

/// Tells the other tabs to ask who is signed in.
pub(super) fn tell() {
    if let Ok(channel) = BroadcastChannel::new(CHANNEL) {
        // Only refused for a closed channel.
        let _ = channel.post_message(&JsValue::NULL);
        channel.close();
    }
}

/// Asks again whenever another tab says so, and whenever this one is looked at again: the
/// other may have no JavaScript, or be on another device.
pub(super) fn listen() {
    let on_message = Closure::<dyn Fn()>::new(page::ask_again);
    if let Ok(channel) = BroadcastChannel::new(CHANNEL) {
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // Both live as long as the page.
        on_message.forget();
        std::mem::forget(channel);
    }
    let on_show = Closure::<dyn Fn()>::new(|| {
        if document().visibility_state() == VisibilityState::Visible {
            page::ask_again();
        }
    });
    let _ = document()
        .add_event_listener_with_callback("visibilitychange", on_show.as_ref().unchecked_ref());
    on_show.forget();
}
