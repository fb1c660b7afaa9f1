//! The list of sessions, page by page.

use crate::SessionHandle;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A session of the signed-in user, as the list of sessions shows it. Nothing in it can sign anybody
/// in.
///
/// ```
/// use leptos_guardian::SessionInfo;
///
/// fn title(session: &SessionInfo) -> String {
///     match (&session.browser, &session.system) {
///         (Some(browser), Some(system)) => format!("{browser} on {system}"),
///         _ => "An unknown device".into(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's public name, for ending it.
    pub handle: SessionHandle,
    /// Whether the request that reads the list belongs to this session.
    pub is_current: bool,
    /// The browser that signed in, such as `Firefox 128`, if known.
    pub browser: Option<String>,
    /// The system it runs on, such as `Windows`, if known.
    pub system: Option<String>,
    /// The address that the sign-in came from, if known.
    pub ip: Option<String>,
    /// Where that address is, in the words of the app's
    /// [`describe_location`](crate::server::Builder::describe_location), if it has one.
    #[serde(default)]
    pub location: Option<String>,
    /// How the user proved who they are, such as `password`.
    pub method: String,
    /// When the user signed in, in seconds since the Unix epoch.
    pub created_at: i64,
    /// When the session was last used, in seconds since the Unix epoch, to within five minutes.
    pub last_seen_at: i64,
}

/// A page of the list of a user's sessions: at most 50.
///
/// ```
/// use leptos_guardian::SessionPage;
///
/// fn title(page: &SessionPage) -> String {
///     let more = if page.next.is_some() { " and more" } else { "" };
///     format!("{}{more}", page.sessions.len())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionPage {
    /// The sessions, the most recently used first.
    pub sessions: Vec<SessionInfo>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<SessionCursor>,
}

/// A place in the list of a user's sessions: a session's last use and its handle. It stays valid when
/// sessions end or are used. A session that is used meanwhile moves to the first page.
///
/// ```
/// use leptos_guardian::SessionCursor;
///
/// let cursor: SessionCursor = "1764161940.mgvEcr0".parse().unwrap();
/// assert_eq!(cursor.to_string(), "1764161940.mgvEcr0");
/// assert!("the second page".parse::<SessionCursor>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
// Text, because a browser passes it on without reading it.
pub struct SessionCursor(pub(crate) String);

impl SessionCursor {
    /// Returns the last use and the handle of the session after which the page begins.
    pub(crate) fn place(&self) -> Option<(i64, &str)> {
        let (last_seen_at, handle) = self.0.split_once('.')?;
        is_handle(handle).then_some((last_seen_at.parse().ok()?, handle))
    }
}

/// Returns whether a text from a request can be a session's handle: base64url. A text with a zero byte PostgreSQL
/// would refuse, and with it whatever shares the transaction.
pub(crate) fn is_handle(text: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_base64url)
}

impl fmt::Display for SessionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionCursor {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> Result<Self, UnknownCursor> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for SessionCursor {
    type Error = UnknownCursor;

    fn try_from(text: String) -> Result<Self, UnknownCursor> {
        let cursor = Self(text);
        let is_place = cursor.place().is_some();
        is_place.then_some(cursor).ok_or(UnknownCursor)
    }
}

impl From<SessionCursor> for String {
    fn from(cursor: SessionCursor) -> Self {
        cursor.0
    }
}

/// The text is not a [`SessionCursor`].
///
/// ```
/// use leptos_guardian::SessionCursor;
///
/// let unknown = "2".parse::<SessionCursor>().unwrap_err();
/// assert_eq!(unknown.to_string(), "the place in the list must be the `next` of an earlier page");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the place in the list must be the `next` of an earlier page")]
#[non_exhaustive]
pub struct UnknownCursor;

#[cfg(test)]
mod tests {
    use super::{SessionCursor, UnknownCursor};

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for text in ["0.a", "1764161940.mgvEcr0", "-1.-_9"] {
            let cursor: SessionCursor = text.parse().expect("a cursor");
            assert_eq!(cursor.to_string(), text);
        }
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".a",
            "a.1",
            "1.a b",
            "1.a.b",
            "1.a\0",
            "1.ä",
            " 1.a",
            "1.a ",
            "99999999999999999999.a",
            "1e3.a",
            "mgvEcr0",
        ] {
            assert_eq!(
                text.parse::<SessionCursor>(),
                Err(UnknownCursor),
                "{text:?}"
            );
        }
    }
}
