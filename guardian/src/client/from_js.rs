//! Reads the script's objects. serde's readers for the same types would add about 40 KB to the page's
//! program.

use crate::{
    Accounts, AuthError, Profile, Reason, SessionHandle, SignOutError, SignOutNotice, SignOutScope,
    SignedOut, User, fields::Fields,
};
use wasm_bindgen::JsValue;
use web_sys::js_sys::{Array, JSON, Reflect};

/// A type that can be read from a JavaScript value.
pub(crate) trait FromJs: Sized {
    /// Returns `None` if the value is something else.
    fn from_js(value: &JsValue) -> Option<Self>;
}

/// Reads a field of an object. A missing field is `undefined`.
pub(crate) fn field<T: FromJs>(object: &JsValue, name: &str) -> Option<T> {
    T::from_js(&Reflect::get(object, &name.into()).ok()?)
}

/// Reads a struct whose fields are all present, under their own names.
macro_rules! from_fields {
    ($type:ident { $($name:ident),+ }) => {
        impl FromJs for $type {
            fn from_js(value: &JsValue) -> Option<Self> {
                Some(Self { $($name: field(value, stringify!($name))?),+ })
            }
        }
    };
}

impl FromJs for String {
    fn from_js(value: &JsValue) -> Option<Self> {
        value.as_string()
    }
}

impl FromJs for bool {
    fn from_js(value: &JsValue) -> Option<Self> {
        value.as_bool()
    }
}

impl<T: FromJs> FromJs for Option<T> {
    fn from_js(value: &JsValue) -> Option<Self> {
        if value.is_null() || value.is_undefined() {
            Some(None)
        } else {
            T::from_js(value).map(Some)
        }
    }
}

impl<T: FromJs> FromJs for Vec<T> {
    fn from_js(value: &JsValue) -> Option<Self> {
        let values = Array::is_array(value).then(|| Array::from(value))?;
        values.iter().map(|value| T::from_js(&value)).collect()
    }
}

impl FromJs for SessionHandle {
    fn from_js(value: &JsValue) -> Option<Self> {
        value.as_string().map(Self)
    }
}

impl FromJs for SignOutScope {
    fn from_js(value: &JsValue) -> Option<Self> {
        value.as_string()?.parse().ok()
    }
}

impl FromJs for Reason {
    fn from_js(value: &JsValue) -> Option<Self> {
        value.as_string()?.parse().ok()
    }
}

from_fields!(Profile {
    name,
    email,
    picture,
    fields
});

impl FromJs for Fields {
    fn from_js(value: &JsValue) -> Option<Self> {
        if !value.is_object() {
            return Some(Self::default());
        }
        let json = String::from(JSON::stringify(value).ok()?);
        Some(Self::from_public(&json))
    }
}

from_fields!(User {
    id,
    profile,
    session
});

from_fields!(Accounts { active, others });

from_fields!(SignedOut {
    scope,
    ended,
    events,
    url
});

impl FromJs for SignOutNotice {
    fn from_js(value: &JsValue) -> Option<Self> {
        Some(Self {
            scope: field(value, "scope")?,
            reason: field(value, "reason")?,
            is_current: field(value, "isCurrent")?,
            events: field(value, "events")?,
        })
    }
}

impl FromJs for SignOutError {
    fn from_js(value: &JsValue) -> Option<Self> {
        Some(match field::<String>(value, "error")?.as_str() {
            "unavailable" => Self::Unavailable {
                signed_out_here: field(value, "signedOutHere")?,
            },
            "confirmation_required" => Self::ConfirmationRequired {
                url: field(value, "url")?,
            },
            "unreachable" => Self::Unreachable,
            "pending" => Self::Pending,
            "malformed" => Self::Malformed,
            "too_large" => Self::TooLarge,
            "unsupported_media_type" => Self::UnsupportedMediaType,
            "not_protected" => Self::NotProtected,
            _ => return None,
        })
    }
}

impl FromJs for AuthError {
    fn from_js(value: &JsValue) -> Option<Self> {
        Some(match field::<String>(value, "error")?.as_str() {
            "unavailable" => Self::Unavailable,
            "signed_out" => Self::SignedOut,
            "unknown_account" => Self::UnknownAccount,
            "unreachable" => Self::Unreachable,
            "malformed" => Self::Malformed,
            "too_large" => Self::TooLarge,
            "unsupported_media_type" => Self::UnsupportedMediaType,
            "not_protected" => Self::NotProtected,
            _ => return None,
        })
    }
}
