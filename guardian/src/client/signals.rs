//! Leptos's signals of the auth state, fed by the page's script.

use super::{
    from_js::{FromJs, field},
    script,
};
use crate::{Accounts, AuthError, AuthState, User, state::AuthSignals};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;
use wasm_bindgen::JsValue;
use web_sys::js_sys::{JSON, Reflect};

thread_local! {
    /// A page has one auth state, and code after an event has no reactive owner to find it through.
    static SIGNALS: AuthSignals = {
        let Change { state, others } = rendered();
        // Leptos must hydrate the page that the server has rendered. What has happened since is shown
        // after that.
        set_timeout(follow, Duration::ZERO);
        AuthSignals {
            state: ArcRwSignal::new(state),
            others: ArcRwSignal::new(others),
        }
    };
}

pub(crate) fn auth_signals() -> AuthSignals {
    SIGNALS.with(Clone::clone)
}

/// Who is signed in, as the script says it.
#[derive(Default)]
struct Change {
    state: AuthState,
    others: Vec<User>,
}

impl FromJs for Change {
    fn from_js(value: &JsValue) -> Option<Self> {
        Some(Self {
            state: field::<Option<User>>(value, "state")?.into(),
            others: field(value, "others")?,
        })
    }
}

impl From<Option<Accounts>> for Change {
    fn from(accounts: Option<Accounts>) -> Self {
        match accounts {
            Some(Accounts { active, others }) => Self {
                state: AuthState::SignedIn(active),
                others,
            },
            None => Self {
                state: AuthState::SignedOut,
                others: Vec::new(),
            },
        }
    }
}

/// Returns what the server has rendered. The script takes it out of the page when it starts.
fn rendered() -> Change {
    let read = || {
        let state = match script::guardian() {
            Some(guardian) => Reflect::get(&guardian, &"rendered".into()).ok()?,
            None => {
                let data = document().get_element_by_id("guardian-page")?;
                let data = JSON::parse(&data.text_content()?).ok()?;
                Reflect::get(&data, &"state".into()).ok()?
            }
        };
        let is_known = !state.is_undefined();
        is_known.then_some(Option::<Accounts>::from_js(&state)?.into())
    };
    read().unwrap_or_default()
}

fn follow() {
    // It listens as long as the page lives.
    std::mem::forget(script::listen("change", show));
    spawn_local(async {
        // What has happened before.
        let session = script::call::<Option<Accounts>, AuthError>(
            "session",
            JsValue::UNDEFINED,
            AuthError::Unreachable,
        );
        if let Ok(accounts) = session.await {
            show(accounts.into());
        }
    });
}

fn show(Change { state, others }: Change) {
    let signals = auth_signals();
    if signals.others.get_untracked() != others {
        signals.others.set(others);
    }
    if signals.state.get_untracked() != state {
        signals.state.set(state);
    }
}
