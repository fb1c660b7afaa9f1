//! Reads a server function's form strictly: the server does what a request asks or refuses it, and never
//! substitutes a default.
//!
//! Leptos reads any body as a form, skips the fields that it does not know, and takes the default for
//! those that are missing. A sign-out of scope `global`, sent as JSON or with a misspelt field, would
//! end only this session and report success.

use crate::error::UNSUPPORTED_MEDIA_TYPE;
use axum::{
    RequestExt as _,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request},
};
use futures::stream;
use http::{HeaderMap, header};
use mime::Mime;
use serde::{
    Deserializer,
    de::{DeserializeOwned, Error as _, Visitor, value::Error as NoValue},
    forward_to_deserialize_any,
};
use tower::util::MapRequestLayer;
use url::form_urlencoded;

/// The field whose value never causes a refusal: it says where the browser goes afterwards, and has a
/// default.
const CALLBACK_URL: &str = "callback_url";

/// A decoded field has this in place of bytes that are not UTF-8.
const NOT_UTF8: char = char::REPLACEMENT_CHARACTER;

/// Why a request is refused. [`CallFailure`](crate::CallFailure) reads the message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("{UNSUPPORTED_MEDIA_TYPE}")]
    NotAForm,
    #[error("a field is not one of the function's")]
    UnknownField,
    #[error("a field has two values")]
    TwoValues,
    #[error("a field is not UTF-8")]
    NotUtf8,
}

/// A middleware for a server function that takes a form (Leptos's default, `PostUrl`). The function runs
/// only if the server fully understands the request.
///
/// - A body of another type than `application/x-www-form-urlencoded`, or an encoded one, is
///   refused with [`CallFailure::UnsupportedMediaType`](crate::CallFailure). One without a
///   `Content-Type` is read as a form; an empty one has no fields.
/// - An unknown field, one that is not UTF-8, one with two different values, and one in the
///   query are refused with [`CallFailure::Malformed`](crate::CallFailure).
/// - Of several `callback_url`s, the first counts, and bytes in it that are not UTF-8 are replaced: a
///   bad callback URL must not stop a sign-out. It is checked when it is used.
///
/// For functions whose arguments are plain values: the fields of lists and of nested structs
/// (`ids[0]`) count as unknown.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::AuthError;
///
/// #[server]
/// #[middleware(leptos_guardian::server::strict_form::<Self>())]
/// async fn rename(name: String) -> Result<(), AuthError> {
///     println!("{name}");
///     Ok(())
/// }
/// ```
pub fn strict_form<F: DeserializeOwned>()
-> MapRequestLayer<impl Fn(Request) -> Request + Clone + Send + Sync + 'static> {
    MapRequestLayer::new(|request| read_strictly(request, field_names::<F>()))
}

/// Replaces the body by one with the same fields, written as Leptos reads them. If the request is refused,
/// reading the new body fails, and Leptos returns the failure as the function's own error.
fn read_strictly(request: Request, names: &'static [&'static str]) -> Request {
    let head = check_type(request.headers())
        .and_then(|()| check_query(request.uri().query().unwrap_or_default(), names));
    let (mut parts, body) = request.with_limited_body().into_parts();
    let fields = async move {
        head?;
        let body = to_bytes(body, usize::MAX).await?;
        Ok::<_, axum::BoxError>(read_fields(&body, names)?)
    };
    // The limit was for the original body. Escapes may make this one longer.
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut request = Request::from_parts(parts, Body::from_stream(stream::once(fields)));
    DefaultBodyLimit::disable().apply(&mut request);
    request
}

fn check_type(headers: &HeaderMap) -> Result<(), Refused> {
    let is_form = |value: &http::HeaderValue| {
        let media_type = value.to_str().ok()?.parse::<Mime>().ok()?;
        let is_utf8 = |charset: mime::Name| charset == mime::UTF_8 || charset == "utf8";
        let form = mime::APPLICATION_WWW_FORM_URLENCODED;
        let is_form = media_type.essence_str() == form.essence_str();
        (is_form && media_type.get_param(mime::CHARSET).is_none_or(is_utf8)).then_some(())
    };
    let is_plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if types.all(|value| is_form(value).is_some()) && encodings.all(is_plain) {
        Ok(())
    } else {
        Err(Refused::NotAForm)
    }
}

/// Refuses fields in the query: Leptos would ignore them and take their defaults.
fn check_query(query: &str, names: &[&str]) -> Result<(), Refused> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    if parameters.any(|(name, _)| names.contains(&&*name)) {
        return Err(Refused::UnknownField);
    }
    Ok(())
}

fn read_fields(body: &[u8], names: &[&str]) -> Result<String, Refused> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(body) {
        if !names.contains(&&*name) {
            return Err(Refused::UnknownField);
        }
        let first = fields.iter().find(|(known, _)| *known == name);
        match first {
            Some(_) if name == CALLBACK_URL => {}
            Some((_, first)) if *first != value => return Err(Refused::TwoValues),
            Some(_) => {}
            None if name != CALLBACK_URL && value.contains(NOT_UTF8) => {
                return Err(Refused::NotUtf8);
            }
            None => fields.push((name.into_owned(), value.into_owned())),
        }
    }
    let mut text = form_urlencoded::Serializer::new(String::new());
    Ok(text.extend_pairs(fields).finish())
}

/// Returns the names of a struct's fields, as serde knows them.
fn field_names<F: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // It always fails, because there is no value to read.
    let _ = F::deserialize(FieldNames(&mut names));
    names
}

/// A deserializer without a value. When a type asks it for a struct, it notes the names of the fields.
struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = NoValue;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NoValue> {
        *self.0 = fields;
        Err(NoValue::custom("no value"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NoValue> {
        Err(NoValue::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{GetSession, PostSignOut};
    use http::HeaderValue;

    #[test]
    fn the_names_are_those_of_the_functions_fields() {
        let sign_out = ["scope", "session", "redirect", "callback_url", "shown_user"];
        assert_eq!(field_names::<PostSignOut>(), sign_out);
        assert!(field_names::<GetSession>().is_empty());
    }

    #[test]
    fn unknown_and_ambiguous_fields_are_refused() {
        let names = ["scope", "callback_url"];
        for (body, expected) in [
            ("", Ok("")),
            ("scope=", Ok("scope=")),
            ("&scope=global&", Ok("scope=global")),
            ("sc%6Fpe=gl%6Fbal", Ok("scope=global")),
            ("scope=global&scope=global", Ok("scope=global")),
            ("scope=local&scope=global", Err(Refused::TwoValues)),
            ("scope=&scope=global", Err(Refused::TwoValues)),
            ("scope=%FF", Err(Refused::NotUtf8)),
            ("scoop=global", Err(Refused::UnknownField)),
            ("Scope=global", Err(Refused::UnknownField)),
            ("scope[]=global", Err(Refused::UnknownField)),
            ("scope%5B0%5D=global", Err(Refused::UnknownField)),
            ("+scope=global", Err(Refused::UnknownField)),
            ("=global", Err(Refused::UnknownField)),
            (r#"{"scope":"global"}"#, Err(Refused::UnknownField)),
            ("callback_url=/a&callback_url=/b", Ok("callback_url=%2Fa")),
            ("callback_url=&callback_url=/b", Ok("callback_url=")),
            ("callback_url=%FF", Ok("callback_url=%EF%BF%BD")),
        ] {
            let read = read_fields(body.as_bytes(), &names);
            assert_eq!(read, expected.map(str::to_owned), "{body}");
        }
    }

    #[test]
    fn every_content_type_must_be_that_of_a_form() {
        const FORM: &str = "application/x-www-form-urlencoded";
        let charset = |charset: &str| format!("{FORM}; charset={charset}");
        for (types, is_form) in [
            (vec![], true),
            (vec![FORM.to_owned()], true),
            (vec![FORM.to_uppercase()], true),
            (vec![FORM.to_owned(), FORM.to_owned()], true),
            (vec![charset("UTF-8")], true),
            (vec![charset("\"utf-8\"")], true),
            (vec![charset("utf8")], true),
            (vec![charset("utf-16")], false),
            (vec![charset("iso-8859-1")], false),
            (vec![String::new()], false),
            (vec!["application/json".to_owned()], false),
            (vec![FORM.to_owned(), "application/json".to_owned()], false),
            (vec![format!("{FORM}, application/json")], false),
            (vec!["multipart/form-data; boundary=x".to_owned()], false),
            (vec!["text/plain;charset=UTF-8".to_owned()], false),
            (vec!["x-www-form-urlencoded".to_owned()], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in &types {
                let value = HeaderValue::from_str(value).expect("a header value");
                headers.append(header::CONTENT_TYPE, value);
            }
            assert_eq!(check_type(&headers).is_ok(), is_form, "{types:?}");
        }
    }

    #[test]
    fn a_field_in_the_query_is_refused() {
        for (query, is_accepted) in [
            ("", true),
            ("utm_source=scope", true),
            ("scope=global", false),
            ("a=b&sc%6Fpe", false),
        ] {
            let names = ["scope", "callback_url"];
            assert_eq!(check_query(query, &names).is_ok(), is_accepted, "{query}");
        }
    }
}
