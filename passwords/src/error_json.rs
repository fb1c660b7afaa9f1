//! How a server function sends an error.

use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::JsonEncoding,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Display;

/// The encoding of an app's error: its JSON, and its sentence for the person as `message`, as the errors of
/// `leptos-guardian` have it. The error is an enum whose JSON is an object.
///
/// ```
/// use leptos::server_fn::Encodes as _;
/// use leptos_guardian_passwords::ErrorJson;
/// use serde::Serialize;
///
/// #[derive(Serialize, thiserror::Error, Debug)]
/// #[serde(tag = "error", rename_all = "snake_case")]
/// enum FormError {
///     #[error("Please enter a title.")]
///     Title,
/// }
///
/// let json = ErrorJson::encode(&FormError::Title).unwrap();
/// assert_eq!(json, r#"{"error":"title","message":"Please enter a title."}"#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorJson;

#[derive(Serialize)]
struct WithMessage<'a, E> {
    #[serde(flatten)]
    error: &'a E,
    message: String,
}

impl ContentType for ErrorJson {
    const CONTENT_TYPE: &'static str = JsonEncoding::CONTENT_TYPE;
}

impl FormatType for ErrorJson {
    const FORMAT_TYPE: Format = JsonEncoding::FORMAT_TYPE;
}

impl<E: Serialize + Display> Encodes<E> for ErrorJson {
    type Error = <JsonEncoding as Encodes<String>>::Error;

    fn encode(error: &E) -> Result<Bytes, Self::Error> {
        JsonEncoding::encode(&WithMessage {
            error,
            message: error.to_string(),
        })
    }
}

impl<E: DeserializeOwned> Decodes<E> for ErrorJson {
    type Error = <JsonEncoding as Decodes<E>>::Error;

    fn decode(json: Bytes) -> Result<E, Self::Error> {
        JsonEncoding::decode(json)
    }
}
