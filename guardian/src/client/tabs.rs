//! The other tabs of this browser. What they say is a hint: the server decides.

use super::{events, json::parse, page};
use crate::{SessionHandle, SignOutNotice, SignOutOptions, query::find_field};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{BroadcastChannel, MessageEvent, VisibilityState};

/// The name of the channel; browsers keep it to this origin.
const CHANNEL: &str = "leptos-guardian";

thread_local! {
    /// The one end of the channel that this page has. It does not hear what it says itself;
    /// a second one would.
    static PAGE_END: Option<BroadcastChannel> = BroadcastChannel::new(CHANNEL).ok();
}

/// What one tab tells the others: a word, and what belongs to it.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) enum Hint {
    /// This session is the one that the browser has now.
    Session(Option<SessionHandle>),
    /// Sessions have ended.
    SignedOut(SignOutNotice),
    /// A sign-out of this browser is pending: the server could not be reached.
    Pending(SignOutOptions),
    /// It has been reached.
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

/// Tells the other tabs.
pub(super) fn tell(hint: &Hint) {
    let message = hint.to_message();
    PAGE_END.with(|channel| {
        if let Some(channel) = channel {
            // Only refused for a closed channel.
            let _ = channel.post_message(&JsValue::from_str(&message));
        }
    });
}

/// Listens to the other tabs, and asks again whenever this one is looked at again: the other
/// may have no JavaScript, and not every browser can hold a stream.
pub(super) fn listen() {
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|message: MessageEvent| {
        let hint = message.data().as_string();
        if let Some(hint) = hint.and_then(|hint| Hint::from_message(&hint)) {
            hear(hint);
        }
    });
    PAGE_END.with(|channel| {
        if let Some(channel) = channel {
            channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
    });
    // The listeners live as long as the page.
    on_message.forget();
    let on_show = Closure::<dyn Fn()>::new(|| {
        if document().visibility_state() == VisibilityState::Visible {
            page::look();
        }
    });
    let on_show_ref = on_show.as_ref().unchecked_ref();
    let _ = document().add_event_listener_with_callback("visibilitychange", on_show_ref);
    // A window beside another one stays visible.
    let _ = window().add_event_listener_with_callback("focus", on_show_ref);
    on_show.forget();
}

fn hear(hint: Hint) {
    match hint {
        Hint::Session(session) if session != page::session() => page::ask_again(),
        Hint::Session(_) => page::recheck(),
        Hint::SignedOut(notice) => events::hear(notice),
        Hint::Pending(options) => page::show_pending(SignOutOptions {
            redirect: false,
            ..options
        }),
        Hint::Settled => spawn_local(page::settle_pending()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignOutScope;

    // What a notice is written as, is tested beside it; only a browser can read it.
    #[test]
    fn a_hint_is_read_as_it_was_told() {
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
