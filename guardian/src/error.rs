//! What can go wrong, in terms that a caller can act on. The server logs causes and never sends them: no
//! variant holds a database's or a parser's message.

use crate::status::ErrorStatus;
use http::StatusCode;
use leptos::prelude::ServerFnErrorErr;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use std::fmt;

/// Why a sign-out failed, wholly or in part.
///
/// A handler may return it. The response has its [status](ErrorStatus::status) and the same JSON that
/// [`/api/sign_out`](crate::api::post_sign_out) sends.
///
/// ```
/// use leptos_guardian::SignOutError;
///
/// let error = SignOutError::Unavailable { signed_out_here: true };
/// assert!(error.to_string().starts_with("You are signed out in this browser, but"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignOutError {
    /// The server could not end the sessions. The same sign-out may be sent again: the browser keeps
    /// the hashes of its tokens, which can end the sessions but sign nobody in.
    #[error("{}", unavailable(*.signed_out_here))]
    Unavailable {
        /// Whether the cookie was cleared here all the same.
        signed_out_here: bool,
    },
    /// The sign-out would end the user's sessions on other browsers, and the user must first confirm who
    /// they are ([`confirm_to_end_others`](crate::server::Builder::confirm_to_end_others)). Nobody is signed
    /// out.
    #[error("Please confirm first that it is you.")]
    ConfirmationRequired {
        /// The page for that, which leads back to the page that sent the request. The page's script loads it.
        url: String,
    },
    /// No response arrived from the server, so the sign-out may or may not have happened.
    #[error("The server did not answer, so the sessions may still be there. Please try again.")]
    Unreachable,
    /// The server could not be reached. The page has dropped everything private, this browser counts as
    /// signed out from its next request on, and its pages send the sign-out again by themselves.
    #[error(
        "This browser has forgotten you, but the server could not be reached. It will be told as soon as the network is back."
    )]
    Pending,
    /// The request was malformed: an unknown scope or field, or a field with two values. Nobody is signed
    /// out.
    #[error("The sign-out request could not be understood.")]
    Malformed,
    /// The request's body is not a form. Nobody is signed out.
    #[error("The sign-out request must be sent as a form.")]
    UnsupportedMediaType,
    /// The request was larger than the server accepts.
    #[error("The sign-out request was too large.")]
    TooLarge,
    /// The app is not set up: the route is not behind `Guardian::protect`.
    #[error("Signing out is not set up on this server.")]
    NotProtected,
}

const fn unavailable(signed_out_here: bool) -> &'static str {
    if signed_out_here {
        "You are signed out in this browser, but the server could not end the session. Please try again."
    } else {
        "The server could not end the sessions. Please try again."
    }
}

/// Why a sign-in, or another call about sessions, failed.
///
/// A handler may return it. The response has its [status](ErrorStatus::status) and the same JSON that
/// the server functions in [`api`](crate::api) send.
///
/// ```
/// use leptos_guardian::{AuthError, ErrorStatus};
///
/// assert_eq!(AuthError::SignedOut.to_string(), "You are signed out.");
/// assert_eq!(AuthError::SignedOut.status(), 401);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthError {
    /// The database failed. The log has the cause.
    #[error("The service is not available right now. Please try again.")]
    Unavailable,
    /// Nobody is signed in.
    #[error("You are signed out.")]
    SignedOut,
    /// The account is not signed in on this browser, or not any more.
    #[error("This account is signed out. Sign in to it again.")]
    UnknownAccount,
    /// The browser holds as many accounts as the app allows.
    #[error("This browser already has {limit} accounts. Sign out of one of them first.")]
    TooManyAccounts {
        /// How many the app allows.
        limit: usize,
    },
    /// The user must first confirm who they are: their last proof is too old.
    #[error("Please confirm first that it is you.")]
    ConfirmationRequired {
        /// The most seconds since the last proof.
        max_age: u64,
    },
    /// The user has as many sessions as the app allows.
    #[error(
        "You are already signed in elsewhere as often as this site allows ({limit}). Sign out there first."
    )]
    TooManySessions {
        /// How many the app allows.
        limit: usize,
    },
    /// The app asks for a session of no time, or for one that is longer than it allows.
    #[error("A session must last from one second to {longest} seconds.")]
    InvalidLifetime {
        /// In seconds.
        longest: u64,
    },
    /// The bearer token is not one of this site's.
    #[error("The token is not valid. Sign in again.")]
    InvalidToken,
    /// The request has a bearer token and the session's cookie, or would get both.
    #[error("A request has a token or a cookie, and never both.")]
    TokenBesideCookie,
    /// A bearer token is in the URL, where logs and browsers keep it.
    #[error(
        "A token in a URL is no secret. Send it as Authorization: Bearer, and sign out with this one."
    )]
    TokenInUrl,
    /// The app asks for a token, and the site
    /// [accepts none](crate::server::Builder::accept_bearer_tokens).
    #[error("This site gives no tokens.")]
    NoTokens,
    /// The server could not be reached.
    #[error("The server could not be reached.")]
    Unreachable,
    /// The request was malformed.
    #[error("The request could not be understood.")]
    Malformed,
    /// The request's body is not a form.
    #[error("The request must be sent as a form.")]
    UnsupportedMediaType,
    /// The request was larger than the server accepts.
    #[error("The request was too large.")]
    TooLarge,
    /// The app is not set up: the route is not behind `Guardian::protect`.
    #[error("Sessions are not set up on this server.")]
    NotProtected,
}

impl Serialize for SignOutError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = match self {
            Self::Unavailable { .. } => "unavailable",
            Self::ConfirmationRequired { .. } => "confirmation_required",
            Self::Unreachable => "unreachable",
            Self::Pending => "pending",
            Self::Malformed => "malformed",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooLarge => "too_large",
            Self::NotProtected => "not_protected",
        };
        match self {
            Self::Unavailable { signed_out_here } => {
                let detail = ("signed_out_here", signed_out_here);
                write(serializer, word, Some(detail), self)
            }
            Self::ConfirmationRequired { url } => write(serializer, word, Some(("url", url)), self),
            _ => write(serializer, word, None::<(&str, ())>, self),
        }
    }
}

impl Serialize for AuthError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = match self {
            Self::Unavailable => "unavailable",
            Self::SignedOut => "signed_out",
            Self::UnknownAccount => "unknown_account",
            Self::TooManyAccounts { .. } => "too_many_accounts",
            Self::ConfirmationRequired { .. } => "confirmation_required",
            Self::TooManySessions { .. } => "too_many_sessions",
            Self::InvalidLifetime { .. } => "invalid_lifetime",
            Self::InvalidToken => "invalid_token",
            Self::TokenBesideCookie => "token_beside_cookie",
            Self::TokenInUrl => "token_in_url",
            Self::NoTokens => "no_tokens",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooLarge => "too_large",
            Self::NotProtected => "not_protected",
        };
        let detail = match self {
            Self::TooManyAccounts { limit } | Self::TooManySessions { limit } => {
                Some(("limit", *limit as u64))
            }
            Self::ConfirmationRequired { max_age } => Some(("max_age", *max_age)),
            Self::InvalidLifetime { longest } => Some(("longest", *longest)),
            _ => None,
        };
        write(serializer, word, detail, self)
    }
}

/// Writes an error's word for programs, its detail, and its sentence for the person.
fn write<S: Serializer>(
    serializer: S,
    word: &str,
    detail: Option<(&str, impl Serialize)>,
    sentence: &impl fmt::Display,
) -> Result<S::Ok, S::Error> {
    let mut body = serializer.serialize_map(None)?;
    body.serialize_entry("error", word)?;
    if let Some((name, value)) = detail {
        body.serialize_entry(name, &value)?;
    }
    body.serialize_entry("message", &sentence.to_string())?;
    body.end()
}

/// The message with which a middleware reports that a body is not a form. Leptos passes on only the
/// message.
pub(crate) const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported media type";

/// Why a server function did not run, or why its response did not arrive. For an app's own
/// `FromServerFnError`.
///
/// ```
/// use leptos::prelude::ServerFnErrorErr;
/// use leptos_guardian::CallFailure;
///
/// let failure = CallFailure::from(ServerFnErrorErr::Args("missing field".into()));
/// assert_eq!(failure, CallFailure::Malformed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFailure {
    /// The arguments could not be read.
    Malformed,
    /// The body is not a form.
    UnsupportedMediaType,
    /// The body was larger than the server accepts.
    TooLarge,
    /// The server was not reached, or a proxy in between responded.
    Unreachable,
}

impl From<ServerFnErrorErr> for CallFailure {
    fn from(error: ServerFnErrorErr) -> Self {
        use ServerFnErrorErr as E;
        match error {
            // axum's body limit is a read error that only its text identifies.
            E::Deserialization(cause) if cause.contains("length limit exceeded") => Self::TooLarge,
            E::Deserialization(cause) if cause == UNSUPPORTED_MEDIA_TYPE => {
                Self::UnsupportedMediaType
            }
            // The server fails to read a request's arguments; a browser fails to read a response.
            E::Args(_) | E::MissingArg(_) => Self::Malformed,
            E::Deserialization(_) if cfg!(feature = "ssr") => Self::Malformed,
            _ => Self::Unreachable,
        }
    }
}

impl ErrorStatus for SignOutError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable { .. } | Self::Unreachable | Self::Pending => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::ConfirmationRequired { .. } => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotProtected => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl ErrorStatus for AuthError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable | Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::SignedOut | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::UnknownAccount => StatusCode::NOT_FOUND,
            Self::TooManyAccounts { .. } | Self::TooManySessions { .. } => StatusCode::CONFLICT,
            Self::ConfirmationRequired { .. } => StatusCode::FORBIDDEN,
            Self::InvalidLifetime { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Malformed | Self::TokenBesideCookie | Self::TokenInUrl | Self::NoTokens => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotProtected => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, from_value, json, to_value};
    use std::fmt::{Debug, Display};

    // script/api.mjs reads this JSON.
    #[test]
    fn errors_keep_their_json() {
        use SignOutError as E;
        for (error, json) in [
            (
                E::Unavailable {
                    signed_out_here: true,
                },
                json!({"error": "unavailable", "signed_out_here": true}),
            ),
            (
                E::ConfirmationRequired {
                    url: "/confirm".into(),
                },
                json!({"error": "confirmation_required", "url": "/confirm"}),
            ),
            (E::Unreachable, word("unreachable")),
            (E::Pending, word("pending")),
            (E::Malformed, word("malformed")),
            (E::TooLarge, word("too_large")),
            (E::UnsupportedMediaType, word("unsupported_media_type")),
            (E::NotProtected, word("not_protected")),
        ] {
            assert_json(&error, json);
        }
        use AuthError as A;
        for (error, json) in [
            (A::Unavailable, word("unavailable")),
            (A::SignedOut, word("signed_out")),
            (A::UnknownAccount, word("unknown_account")),
            (
                A::TooManyAccounts { limit: 5 },
                json!({"error": "too_many_accounts", "limit": 5}),
            ),
            (
                A::ConfirmationRequired { max_age: 600 },
                json!({"error": "confirmation_required", "max_age": 600}),
            ),
            (
                A::TooManySessions { limit: 3 },
                json!({"error": "too_many_sessions", "limit": 3}),
            ),
            (
                A::InvalidLifetime { longest: 60 },
                json!({"error": "invalid_lifetime", "longest": 60}),
            ),
            (A::InvalidToken, word("invalid_token")),
            (A::TokenBesideCookie, word("token_beside_cookie")),
            (A::TokenInUrl, word("token_in_url")),
            (A::NoTokens, word("no_tokens")),
            (A::Unreachable, word("unreachable")),
            (A::Malformed, word("malformed")),
            (A::TooLarge, word("too_large")),
            (A::UnsupportedMediaType, word("unsupported_media_type")),
            (A::NotProtected, word("not_protected")),
        ] {
            assert_json(&error, json);
        }
    }

    /// Asserts that the error is written as this JSON with its sentence, and read again.
    #[track_caller]
    fn assert_json<E>(error: &E, mut json: Value)
    where
        E: Serialize + DeserializeOwned + Display + Debug + PartialEq,
    {
        json["message"] = error.to_string().into();
        assert_eq!(to_value(error).expect("JSON"), json);
        assert_eq!(from_value::<E>(json).expect("an error"), *error);
    }

    fn word(error: &str) -> Value {
        json!({"error": error})
    }
}
