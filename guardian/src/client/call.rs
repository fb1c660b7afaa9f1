//! The server functions, as the browser's half calls them: with `fetch` and form fields, without serde.

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
    let response = post(PostSignOut::PATH, &options.to_fields()).await;
    read(response, SignOutError::Unreachable)
}

pub(super) async fn session() -> Result<Option<Accounts>, AuthError> {
    let response = post(GetSession::PATH, "").await;
    read(response, AuthError::Unreachable)
}

pub(super) async fn sessions(after: Option<String>) -> Result<SessionPage, AuthError> {
    let mut fields = Serializer::new(String::new());
    if let Some(after) = after {
        fields.append_pair("after", &after);
    }
    let response = post(GetSessions::PATH, &fields.finish()).await;
    read(response, AuthError::Unreachable)
}

pub(super) async fn switch_account(session: &SessionHandle) -> Result<Accounts, AuthError> {
    let mut fields = Serializer::new(String::new());
    fields.append_pair("session", session.as_str());
    let response = post(PostSwitchAccount::PATH, &fields.finish()).await;
    read(response, AuthError::Unreachable)
}

/// The JSON of a response: `Ok` or `Err` by its status, `None` if there was no JSON.
type JsonResponse = Option<Result<SendWrapper<JsValue>, SendWrapper<JsValue>>>;

/// Makes the future `Send`, for apps that need it. This is sound because a browser has one thread.
async fn post(path: &str, fields: &str) -> JsonResponse {
    SendWrapper::new(fetch(path, fields)).await
}

async fn fetch(path: &str, fields: &str) -> JsonResponse {
    let request = RequestInit::new();
    request.set_method("POST");
    // This type sets the `Content-Type`.
    let body = UrlSearchParams::new_with_str(fields).ok()?;
    request.set_body(&body);
    let response = window().fetch_with_str_and_init(path, &request);
    let response = JsFuture::from(response).await.ok()?;
    let response: Response = response.unchecked_into();
    let body = JsFuture::from(response.json().ok()?).await.ok()?;
    let body = SendWrapper::new(body);
    Some(if response.ok() { Ok(body) } else { Err(body) })
}

/// Reads a response. Any JSON but the server's counts as unreachable: a proxy in between may have sent
/// it.
fn read<T: FromJson, E: FromJson>(response: JsonResponse, unreachable: E) -> Result<T, E> {
    match response {
        Some(Ok(body)) => T::from_json(&body).ok_or(unreachable),
        Some(Err(body)) => Err(E::from_json(&body).unwrap_or(unreachable)),
        None => Err(unreachable),
    }
}
