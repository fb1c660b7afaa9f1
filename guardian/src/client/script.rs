//! Calls the page's script, and listens to it.

use super::from_js::FromJs;
use crate::SignOutOptions;
use leptos::prelude::{document, window};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CustomEvent,
    js_sys::{Function, Object, Promise, Reflect},
};

/// Calls a method of `window.guardian`. Without the script, the server counts as `unreachable`.
///
/// The future is `Send`, for apps that need it. This is sound because a browser has one thread.
pub(super) fn call<T: FromJs, E: FromJs>(
    method: &str,
    argument: JsValue,
    unreachable: E,
) -> impl Future<Output = Result<T, E>> + Send {
    let promise = promise(method, &argument).map(JsFuture::from);
    SendWrapper::new(async move {
        let Some(promise) = promise else {
            return Err(unreachable);
        };
        match promise.await {
            Ok(value) => T::from_js(&value).ok_or(unreachable),
            Err(cause) => Err(E::from_js(&cause).unwrap_or(unreachable)),
        }
    })
}

/// `window.guardian`, once the script runs. An element with this id has another type.
pub(super) fn guardian() -> Option<JsValue> {
    let guardian = Reflect::get(&window(), &"guardian".into()).ok()?;
    let is_script = Reflect::has(&guardian, &"refresh".into()).unwrap_or(false);
    is_script.then_some(guardian)
}

fn promise(method: &str, argument: &JsValue) -> Option<Promise> {
    let guardian = guardian()?;
    let method: Function = Reflect::get(&guardian, &method.into())
        .ok()?
        .dyn_into()
        .ok()?;
    method.call1(&guardian, argument).ok()?.dyn_into().ok()
}

/// Writes the options as the script reads them.
pub(super) fn sign_out_options(options: &SignOutOptions) -> JsValue {
    let object = Object::new();
    let session = options.session.as_ref().map(|session| session.as_str());
    for (name, value) in [
        ("scope", Some(options.scope.as_str())),
        ("session", session),
        ("redirect", (!options.redirect).then_some("false")),
        ("callbackUrl", options.callback_url.as_deref()),
    ] {
        if let Some(value) = value {
            // Fails only on a frozen object.
            let _ = Reflect::set(&object, &name.into(), &value.into());
        }
    }
    object.into()
}

/// A listener to one of the script's events.
pub(super) struct Listener {
    event: String,
    closure: SendWrapper<Closure<dyn Fn(CustomEvent)>>,
}

/// Calls back with what an event of the script says, and tells the script that Leptos follows it. It stops when
/// the listener is removed.
pub(super) fn listen<T: FromJs>(event: &str, callback: impl Fn(T) + 'static) -> Listener {
    let closure = Closure::<dyn Fn(CustomEvent)>::new(move |event: CustomEvent| {
        event.prevent_default();
        if let Some(detail) = T::from_js(&event.detail()) {
            callback(detail);
        }
    });
    let event = format!("guardian:{event}");
    let function = closure.as_ref().unchecked_ref();
    // Fails for no event and no function.
    let _ = document().add_event_listener_with_callback(&event, function);
    Listener {
        event,
        closure: SendWrapper::new(closure),
    }
}

impl Listener {
    pub(super) fn remove(self) {
        let function = (*self.closure).as_ref().unchecked_ref();
        let _ = document().remove_event_listener_with_callback(&self.event, function);
    }
}
