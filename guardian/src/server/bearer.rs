//! Tokens for clients without cookies, such as apps and scripts: `Authorization: Bearer TOKEN`
//! ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
//!
//! A client gets a token if it asks for one at the sign-in, and then no cookie. Responses that give it
//! another one have it in the header `Guardian-Token`, as browsers get another cookie. What is signed
//! differs from what a cookie holds, so neither is accepted in place of the other.

use super::{
    Guardian,
    cookie::{Cookies, SESSION},
    cookie_header::cookie_values,
    presented::Presented,
    protect::Routes,
};
use crate::{AuthError, ErrorStatus as _};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::Cookie;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use tower::ServiceExt as _;
use tower_sessions::session::Id;

/// The header of a response that gives the client a token, and replaces its previous one.
pub(super) const TOKEN: HeaderName = HeaderName::from_static("guardian-token");

/// What every token begins with. It tells ours from an app's own, and people who find one, or programs that
/// look for leaked secrets, know what it is.
const PREFIX: &str = "guardian_token_";

/// Distinguishes what is signed from the cookies' values.
const SIGNED_PREFIX: &str = "bearer.";

/// Where a client keeps its token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    /// A browser keeps it in a cookie.
    #[default]
    Cookie,
    /// An app keeps it, and sends it as a bearer token.
    Bearer,
}

/// Reads a request's bearer token. Such a request skips the cross-site check: no browser sends a token by
/// itself, so no other site can cause one.
pub(super) async fn accept_token(
    State((guardian, routes)): State<(Guardian, Routes)>,
    mut request: Request,
    next: Next,
) -> Response {
    let presented = guardian
        .0
        .cookies
        .read_token(request.uri(), request.headers());
    let mut response = match presented {
        Ok(None) => next.run(request).await,
        Ok(Some(presented)) => {
            request.extensions_mut().insert(presented);
            let Ok(response) = routes.oneshot(request).await;
            response
        }
        Err(error) => refuse(&error),
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        // RFC 9110, 15.5.2: a 401 says what would be accepted.
        let challenge = HeaderValue::from_static("Bearer");
        let headers = response.headers_mut();
        headers.entry(header::WWW_AUTHENTICATE).or_insert(challenge);
    }
    response
}

/// Says what is wrong with a token, to programs as in
/// [RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1).
fn refuse(error: &AuthError) -> Response {
    tracing::warn!(%error, "a request with a bearer token was refused");
    let code = match error.status() {
        StatusCode::UNAUTHORIZED => "invalid_token",
        _ => "invalid_request",
    };
    let challenge = format!(r#"Bearer error="{code}", error_description="{error}""#);
    let mut response = error.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

impl Cookies {
    /// Reads the bearer token of a request, if it has one of ours.
    fn read_token(&self, uri: &Uri, headers: &HeaderMap) -> Result<Option<Presented>, AuthError> {
        let target = uri.path_and_query().map(|target| target.as_str());
        if target.is_some_and(|target| target.contains(PREFIX)) {
            return Err(AuthError::TokenInUrl);
        }
        let authorization = headers.get_all(header::AUTHORIZATION).iter();
        let mut tokens = authorization.filter_map(own_token);
        let Some(token) = tokens.next() else {
            return Ok(None);
        };
        if tokens.next().is_some() {
            return Err(AuthError::Malformed);
        }
        if cookie_values(headers, self.name(SESSION)).next().is_some() {
            return Err(AuthError::TokenBesideCookie);
        }
        let (id, is_current) = self.verify_token(token).ok_or(AuthError::InvalidToken)?;
        Ok(Some(Presented::by_app(id, is_current)))
    }

    /// Gives the client a token.
    pub(super) fn set_token(&self, headers: &mut HeaderMap, id: &Id) {
        let name = "token";
        let signed = self
            .keyring
            .sign(Cookie::new(name, format!("{SIGNED_PREFIX}{id}")));
        let signed = signed.get(name).map(Cookie::value).unwrap_or_default();
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(signed));
        match HeaderValue::try_from(token) {
            Ok(mut token) => {
                token.set_sensitive(true);
                headers.insert(TOKEN, token);
            }
            Err(cause) => tracing::error!(%cause, "a token could not be written"),
        }
    }

    /// Returns what the token is for, and whether the first key has signed it.
    fn verify_token(&self, token: &str) -> Option<(Id, bool)> {
        let signed = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let verified = self.keyring.verify(&String::from_utf8(signed).ok()?)?;
        let id = verified.value.strip_prefix(SIGNED_PREFIX)?.parse().ok()?;
        Some((id, verified.is_current))
    }
}

/// Returns the token, unless the header holds something of the app's own.
fn own_token(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with(PREFIX)).then_some(token)
}
