//! The target of a request: it must be a path of this site.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Version};

/// Whether a request asks for a path of this site: its target is in
/// [origin form](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1), the one that browsers and
/// proxies send to a server. The other forms are for proxies (`GET http://other.example/`,
/// `CONNECT other.example:443`) and for the server as a whole (`OPTIONS *`). Handlers do not expect
/// them: Leptos's handler panics when a target has no path. [`Guardian::protect`] refuses them. Use this
/// function for routes outside it.
///
/// HTTP/2 and HTTP/3 send the scheme and the host beside the path, and may send a path with
/// `CONNECT` (a WebSocket).
///
/// [`Guardian::protect`]: super::Guardian::protect
///
/// ```
/// use axum::http::Request;
/// use leptos_guardian::server::is_origin_form;
///
/// let is_accepted = |method, target| {
///     is_origin_form(&Request::builder().method(method).uri(target).body(()).unwrap())
/// };
/// assert!(is_accepted("GET", "/account?tab=1"));
/// assert!(!is_accepted("GET", "http://other.example/"));
/// assert!(!is_accepted("CONNECT", "other.example:443"));
/// assert!(!is_accepted("OPTIONS", "*"));
/// ```
pub fn is_origin_form<B>(request: &http::Request<B>) -> bool {
    let target = request.uri();
    let names_a_path = target
        .path_and_query()
        .is_some_and(|path| path.as_str().starts_with('/'));
    let is_only_a_path = target.scheme().is_none() && target.authority().is_none();
    let is_for_a_proxy = !is_only_a_path || request.method() == Method::CONNECT;
    names_a_path && (request.version() >= Version::HTTP_2 || !is_for_a_proxy)
}

pub(super) async fn refuse_other_targets(request: Request, next: Next) -> Response {
    match refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Returns the response to a request that does not ask for a path of this site.
pub(super) fn refusal(request: &Request) -> Option<Response> {
    if is_origin_form(request) {
        return None;
    }
    let message = "The request's target must be a path of this site.";
    Some((StatusCode::BAD_REQUEST, message).into_response())
}
