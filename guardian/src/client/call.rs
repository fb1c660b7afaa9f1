//! The server functions, as the browser's half calls them: by `fetch`, with the fields of a form
//! and without serde.

use super::json::FromJson;
use crate::{
    Accounts, AuthError, SessionHandle, SessionPage, SignOutError, SignOutOptions, SignedOut,
    api::{GetSession, GetSessions, PostSignOut, PostSwitchAccount},
};
use form_urlencoded::Serializer;
use leptos::{prelude::window, server_fn::ServerFn};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response, UrlSearchParams};

pub(super) async fn sign_out(options: &SignOutOptions) -> Result<SignedOut, SignOutError> {
    let answer = post(PostSignOut::PATH, &options.to_fields()).await;
    read(answer, SignOutError::Unreachable)
}

pub(super) async fn session() -> Result<Option<Accounts>, AuthError> {
    let answer = post(GetSession::PATH, "").await;
    read(answer, AuthError::Unreachable)
}

pub(super) async fn sessions(after: Option<String>) -> Result<SessionPage, AuthError> {
    let mut fields = Serializer::new(String::new());
    if let Some(after) = after {
        fields.append_pair("after", &after);
    }
    let answer = post(GetSessions::PATH, &fields.finish()).await;
    read(answer, AuthError::Unreachable)
}

pub(super) async fn switch_account(session: &SessionHandle) -> Result<Accounts, AuthError> {
    let mut fields = Serializer::new(String::new());
    fields.append_pair("session", session.as_str());
    let answer = post(PostSwitchAccount::PATH, &fields.finish()).await;
    read(answer, AuthError::Unreachable)
}

/// The server's JSON, as the result that it stands for. `None` when there was none.
type Answer = Option<Result<SendWrapper<JsValue>, SendWrapper<JsValue>>>;

/// A browser has one thread, which the compiler does not know: so that apps may call these
/// wherever a future has to be `Send`.
async fn post(path: &str, fields: &str) -> Answer {
    SendWrapper::new(fetch(path, fields)).await
}

async fn fetch(path: &str, fields: &str) -> Answer {
    let request = RequestInit::new();
    request.set_method("POST");
    // Of a type that brings its own `Content-Type`.
    let body = UrlSearchParams::new_with_str(fields).ok()?;
    request.set_body(&body);
    let response = window().fetch_with_str_and_init(path, &request);
    let response = JsFuture::from(response).await.ok()?;
    let response: Response = response.unchecked_into();
    let body = JsFuture::from(response.json().ok()?).await.ok()?;
    let body = SendWrapper::new(body);
    Some(if response.ok() { Ok(body) } else { Err(body) })
}

/// Something in between may have answered, and not in these words.
fn read<T: FromJson, E: FromJson>(answer: Answer, unreachable: E) -> Result<T, E> {
    match answer {
        Some(Ok(body)) => T::from_json(&body).ok_or(unreachable),
        Some(Err(body)) => Err(E::from_json(&body).unwrap_or(unreachable)),
        None => Err(unreachable),
    }
}
