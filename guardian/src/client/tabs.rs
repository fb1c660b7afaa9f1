//! The other tabs of this browser. They are told that something changed, and ask the server
//! what: a message is a hint, the server decides.

use super::page;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{BroadcastChannel, VisibilityState};

/// The name of the channel; browsers keep it to this origin.
const CHANNEL: &str = "leptos-guardian";

thread_local! {
    /// The one end of the channel that this page has. It does not hear what it says itself;
    /// a second one would.
    static PAGE_END: Option<BroadcastChannel> = BroadcastChannel::new(CHANNEL).ok();
}

/// Tells the other tabs to ask who is signed in.
pub(super) fn tell() {
    PAGE_END.with(|channel| {
        if let Some(channel) = channel {
            // Only refused for a closed channel.
            let _ = channel.post_message(&JsValue::NULL);
        }
    });
}

/// Asks again whenever another tab says so, and whenever this one is looked at again: the
/// other may have no JavaScript, or be on another device.
pub(super) fn listen() {
    let on_message = Closure::<dyn Fn()>::new(page::ask_again);
    PAGE_END.with(|channel| {
        if let Some(channel) = channel {
            channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
    });
    // The listeners live as long as the page.
    on_message.forget();
    let on_show = Closure::<dyn Fn()>::new(|| {
        if document().visibility_state() == VisibilityState::Visible {
            page::ask_again();
        }
    });
    let _ = document()
        .add_event_listener_with_callback("visibilitychange", on_show.as_ref().unchecked_ref());
    on_show.forget();
}
