//! Messages between the tabs of this browser. A message is only a hint: the server decides.

use super::{events, json::parse, page};
use crate::{SessionHandle, SignOutNotice, SignOutOptions, query::find_field};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{BroadcastChannel, MessageEvent, VisibilityState};

/// The name of the channel. Channels belong to an origin.
const CHANNEL_NAME: &str = "leptos-guardian";

thread_local! {
    /// This page's only end of the channel. It does not receive its own messages, but a second end
    /// would.
    static CHANNEL: Option<BroadcastChannel> = BroadcastChannel::new(CHANNEL_NAME).ok();
}

/// A message to the other tabs: a word and its data.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) enum Hint {
    /// The browser's current session.
    Session(Option<SessionHandle>),
    /// Sessions have ended.
    SignedOut(SignOutNotice),
    /// A sign-out of this browser is pending: the server could not be reached.
    Pending(SignOutOptions),
    /// The pending sign-out has been carried out.
    Settled,
}

impl Hint {
    fn to_message(&self) -> String {
        match self {
            Self::Session(None) => "session".into(),
            Self::Session(Some(session)) => format!("session {session}"),
            Self::SignedOut(notice) => format!("signed_out {}", notice.to_json()),
            Self::Pending(options) => format!("pending {}", options.to_fields()),
            Self::Settled => "settled".into(),
        }
    }

    fn from_message(message: &str) -> Option<Self> {
        let (word, rest) = message.split_once(' ').unwrap_or((message, ""));
        Some(match word {
            "session" => Self::Session((!rest.is_empty()).then(|| rest.into())),
            "signed_out" => Self::SignedOut(parse(rest)?),
            "pending" => Self::Pending(SignOutOptions::from_fields(|name| find_field(rest, name))?),
            "settled" => Self::Settled,
            _ => return None,
        })
    }
}

/// Sends a message to the other tabs.
pub(super) fn broadcast(hint: &Hint) {
    let message = hint.to_message();
    CHANNEL.with(|channel| {
        if let Some(channel) = channel {
            // Fails only on a closed channel.
            let _ = channel.post_message(&JsValue::from_str(&message));
        }
    });
}

/// Listens to the other tabs, and refreshes the page when it becomes visible or gets the focus: another
/// tab may have no JavaScript, and not every browser can hold a stream.
pub(super) fn listen() {
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|message: MessageEvent| {
        let hint = message.data().as_string();
        if let Some(hint) = hint.and_then(|hint| Hint::from_message(&hint)) {
            receive(hint);
        }
    });
    CHANNEL.with(|channel| {
        if let Some(channel) = channel {
            channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
    });
    // The listeners live as long as the page.
    on_message.forget();
    let on_show = Closure::<dyn Fn()>::new(|| {
        if document().visibility_state() == VisibilityState::Visible {
            page::on_focus();
        }
    });
    let on_show_ref = on_show.as_ref().unchecked_ref();
    let _ = document().add_event_listener_with_callback("visibilitychange", on_show_ref);
    // A window beside another one stays visible.
    let _ = window().add_event_listener_with_callback("focus", on_show_ref);
    on_show.forget();
}

fn receive(hint: Hint) {
    match hint {
        Hint::Session(session) if session != page::session() => page::refresh(),
        Hint::Session(_) => page::refresh_lists(),
        Hint::SignedOut(notice) => events::receive(notice),
        Hint::Pending(options) => page::show_pending(SignOutOptions {
            redirect: false,
            ..options
        }),
        Hint::Settled => spawn_local(page::finish_pending()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignOutScope;

    // The JSON of a notice is tested in `reason.rs`. Only a browser can read it.
    #[test]
    fn a_hint_is_read_as_it_was_written() {
        let options = SignOutOptions {
            scope: SignOutScope::Global,
            redirect: false,
            ..Default::default()
        };
        for hint in [
            Hint::Session(None),
            Hint::Session(Some("mgvEcr0".into())),
            Hint::Pending(options),
            Hint::Pending(SignOutOptions::default()),
            Hint::Settled,
        ] {
            assert_eq!(Hint::from_message(&hint.to_message()), Some(hint));
        }
        assert_eq!(Hint::from_message("a later version's word"), None);
    }
}
