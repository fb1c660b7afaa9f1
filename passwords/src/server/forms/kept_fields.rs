//! The fields of a form that is not accepted, for the page that shows the form again.
//!
//! A server function gets its arguments, not its form. So a layer copies the body while the server
//! function reads it. The copy is parsed only if the form is not accepted.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::request::Parts,
};
use http_body_util::BodyExt as _;
use leptos::prelude::use_context;
use std::sync::{Arc, Mutex, PoisonError};
use tower::util::MapRequestLayer;

/// The field that says where the browser goes after a sign-in. The response has it in its URL.
const CALLBACK_URL: &str = "callback_url";

/// Every field whose name contains this is secret. [`check_field`] requires that of each field
/// that hides what is typed.
const SECRET: &str = "password";

/// The largest body that is copied, in bytes: axum's limit for a form is larger, and the cookie's
/// far smaller.
const LONGEST_BODY: usize = 64 * 1024;

/// What has been read of a request's body. `None` if it is too long.
#[derive(Clone)]
struct Copied(Arc<Mutex<Option<Vec<u8>>>>);

impl Copied {
    fn add(&self, data: &Bytes) {
        let mut copied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *copied {
            Some(bytes) if bytes.len() + data.len() <= LONGEST_BODY => {
                bytes.extend_from_slice(data);
            }
            _ => *copied = None,
        }
    }
}

/// A layer that keeps what is typed into forms while they are handled. Without it, a form that is
/// not accepted comes back empty. It belongs around the routes of the app's server functions.
///
/// ```
/// use axum::Router;
/// use leptos_guardian_passwords::server::keep_fields;
///
/// # fn with_layers(pages: Router) -> Router {
/// pages.layer(keep_fields())
/// # }
/// ```
pub fn keep_fields() -> MapRequestLayer<impl Fn(Request) -> Request + Clone + Send + Sync + 'static>
{
    MapRequestLayer::new(|mut request: Request| {
        if request.method() != axum::http::Method::POST {
            return request;
        }
        let copied = Copied(Arc::new(Mutex::new(Some(Vec::new()))));
        request.extensions_mut().insert(copied.clone());
        request.map(|body| {
            Body::new(body.map_frame(move |frame| {
                if let Some(data) = frame.data_ref() {
                    copied.add(data);
                }
                frame
            }))
        })
    })
}

/// The fields of this request's form that its page may show again.
pub(super) fn kept_fields() -> Vec<(String, String)> {
    let copied = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Copied>().cloned());
    let Some(copied) = copied else {
        tracing::warn!("no layer `keep_fields`: the form comes back empty");
        return Vec::new();
    };
    let copied = copied.0.lock().unwrap_or_else(PoisonError::into_inner);
    parse(copied.as_deref().unwrap_or_default())
}

fn parse(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body)
        .filter(|(name, value)| is_kept(name) && !value.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn is_kept(name: &str) -> bool {
    name != CALLBACK_URL && !is_secret(name)
}

fn is_secret(name: &str) -> bool {
    name.to_lowercase().contains(SECRET)
}

/// Stops a page whose form would put a secret into the flash message.
pub(crate) fn check_field(kind: &str, name: &str) {
    assert!(
        kind != "password" || is_secret(name),
        "the field {name:?} hides what is typed: its name must contain {SECRET:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_kept_but_secrets_and_the_callback_url() {
        let form = "name=Ada+L&nickname=%C3%84da&password=a&current_password=b&Password=c\
            &new_passwords%5B%5D=d&confirmPASSWORD=e&callback_url=%2Fbye&empty=";
        let kept = parse(form.as_bytes());
        let expected = [("name", "Ada L"), ("nickname", "Äda")];
        assert_eq!(
            kept,
            expected.map(|(name, text)| (name.into(), text.into()))
        );
    }

    #[test]
    #[should_panic(expected = "must contain \"password\"")]
    fn a_hidden_field_must_be_a_secret_one() {
        check_field("text", "pin");
        check_field("password", "current_password");
        check_field("password", "pin");
    }

    #[test]
    fn a_body_that_is_too_long_is_not_copied() {
        let copied = Copied(Arc::new(Mutex::new(Some(Vec::new()))));
        let half = Bytes::from(vec![b'a'; LONGEST_BODY / 2]);
        let is_copied = || copied.0.lock().unwrap().is_some();
        copied.add(&half);
        copied.add(&half);
        assert!(is_copied());
        copied.add(&Bytes::from_static(b"a"));
        assert!(!is_copied());
        copied.add(&half);
        assert!(!is_copied());
    }
}
