//! Reads the server's JSON with the browser's own parser: serde's readers for the same types would add
//! about 40 KB to the page's program.

use crate::{
    Accounts, AuthError, AuthState, Profile, Reason, SessionCursor, SessionHandle, SessionInfo,
    SessionPage, SignOutError, SignOutNotice, SignOutScope, SignedOut, User,
};
use wasm_bindgen::JsValue;
use web_sys::js_sys::{Array, JSON, Reflect};

/// A type that can be read from JSON.
pub(crate) trait FromJson: Sized {
    /// Returns `None` if the value is something else.
    fn from_json(value: &JsValue) -> Option<Self>;
}

/// Parses a text and reads its value.
pub(crate) fn parse<T: FromJson>(text: &str) -> Option<T> {
    T::from_json(&JSON::parse(text).ok()?)
}

/// Reads a field of an object. A missing field is `undefined`.
fn field<T: FromJson>(object: &JsValue, name: &str) -> Option<T> {
    T::from_json(&Reflect::get(object, &name.into()).ok()?)
}

/// Reads a struct whose fields are all present, under their own names.
macro_rules! from_fields {
    ($type:ident { $($name:ident),+ }) => {
        impl FromJson for $type {
            fn from_json(value: &JsValue) -> Option<Self> {
                Some(Self { $($name: field(value, stringify!($name))?),+ })
            }
        }
    };
}

impl FromJson for String {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_string()
    }
}

impl FromJson for bool {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_bool()
    }
}

impl FromJson for i64 {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_f64().map(|number| number as Self)
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &JsValue) -> Option<Self> {
        if value.is_null() || value.is_undefined() {
            Some(None)
        } else {
            T::from_json(value).map(Some)
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &JsValue) -> Option<Self> {
        let values = Array::is_array(value).then(|| Array::from(value))?;
        values.iter().map(|value| T::from_json(&value)).collect()
    }
}

impl<A: FromJson, B: FromJson> FromJson for (A, B) {
    fn from_json(value: &JsValue) -> Option<Self> {
        Some((field(value, "0")?, field(value, "1")?))
    }
}

impl<T: FromJson, E: FromJson> FromJson for Result<T, E> {
    fn from_json(value: &JsValue) -> Option<Self> {
        let success = Reflect::get(value, &"Ok".into()).ok()?;
        if success.is_undefined() {
            field(value, "Err").map(Err)
        } else {
            T::from_json(&success).map(Ok)
        }
    }
}

impl FromJson for SessionHandle {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_string().map(Self)
    }
}

impl FromJson for SignOutScope {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_string()?.parse().ok()
    }
}

impl FromJson for Reason {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_string()?.parse().ok()
    }
}

from_fields!(Profile {
    name,
    email,
    picture
});

from_fields!(User {
    id,
    profile,
    session
});

impl FromJson for Accounts {
    fn from_json(value: &JsValue) -> Option<Self> {
        Some(Self {
            active: User::from_json(value)?,
            others: field::<Option<_>>(value, "others")?.unwrap_or_default(),
        })
    }
}

impl FromJson for AuthState {
    fn from_json(value: &JsValue) -> Option<Self> {
        match value.as_string().as_deref() {
            Some("Loading") => Some(Self::Loading),
            Some("SignedOut") => Some(Self::SignedOut),
            Some(_) => None,
            None => field(value, "SignedIn").map(Self::SignedIn),
        }
    }
}

from_fields!(SessionInfo {
    handle,
    is_current,
    browser,
    system,
    ip,
    method,
    created_at,
    last_seen_at
});

from_fields!(SessionPage { sessions, next });

impl FromJson for SessionCursor {
    fn from_json(value: &JsValue) -> Option<Self> {
        value.as_string().map(Self)
    }
}

impl FromJson for SignedOut {
    fn from_json(value: &JsValue) -> Option<Self> {
        Some(Self {
            scope: field(value, "scope")?,
            ended: field(value, "ended")?,
            events: field::<Option<_>>(value, "events")?.unwrap_or_default(),
            url: field(value, "url")?,
        })
    }
}

from_fields!(SignOutNotice {
    scope,
    reason,
    is_current,
    events
});

impl FromJson for SignOutError {
    fn from_json(value: &JsValue) -> Option<Self> {
        Some(match field::<String>(value, "error")?.as_str() {
            "unavailable" => Self::Unavailable {
                signed_out_here: field(value, "signed_out_here")?,
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

impl FromJson for AuthError {
    fn from_json(value: &JsValue) -> Option<Self> {
        Some(match field::<String>(value, "error")?.as_str() {
            "unavailable" => Self::Unavailable,
            "signed_out" => Self::SignedOut,
            "unknown_account" => Self::UnknownAccount,
            "too_many_accounts" => Self::TooManyAccounts {
                limit: field::<i64>(value, "limit")?.try_into().ok()?,
            },
            "unreachable" => Self::Unreachable,
            "malformed" => Self::Malformed,
            "too_large" => Self::TooLarge,
            "unsupported_media_type" => Self::UnsupportedMediaType,
            "not_protected" => Self::NotProtected,
            _ => return None,
        })
    }
}
