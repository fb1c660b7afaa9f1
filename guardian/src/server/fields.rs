//! Makes form fields readable to Leptos.

use axum::{
    body::{Body, Bytes},
    extract::Request,
};
use futures::TryStreamExt as _;
use std::fmt::Write as _;

/// Escapes what is not ASCII in form fields, as every browser does. Leptos refuses all fields for
/// one that is not UTF-8, unless it is escaped; and a bad callback URL must not stop a sign-out.
pub(crate) fn escape_fields(request: Request) -> Request {
    request.map(|body| Body::from_stream(body.into_data_stream().map_ok(escape)))
}

fn escape(fields: Bytes) -> Bytes {
    if fields.is_ascii() {
        return fields;
    }
    let mut escaped = String::new();
    for byte in fields {
        if byte.is_ascii() {
            escaped.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped.into()
}
