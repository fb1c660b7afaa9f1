//! What a sign-out is asked to do, and what it answers.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which sessions a sign-out ends.
///
/// ```
/// use leptos_guardian::SignOutScope;
///
/// assert_eq!("others".parse(), Ok(SignOutScope::Others));
/// assert_eq!(SignOutScope::default(), SignOutScope::Local);
/// assert!("everything".parse::<SignOutScope>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOutScope {
    /// This session only. Another account on this browser, if any, becomes the active one.
    #[default]
    Local,
    /// Every account on this browser.
    Browser,
    /// The user's sessions everywhere but here.
    Others,
    /// The user's sessions everywhere.
    Global,
}

impl SignOutScope {
    /// The word for this scope in forms, JSON and the database.
    ///
    /// ```
    /// use leptos_guardian::SignOutScope;
    ///
    /// assert_eq!(SignOutScope::Global.as_str(), "global");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Browser => "browser",
            Self::Others => "others",
            Self::Global => "global",
        }
    }

    /// Whether the browser that asks is signed out too.
    ///
    /// ```
    /// use leptos_guardian::SignOutScope;
    ///
    /// assert!(SignOutScope::Global.ends_this_session());
    /// assert!(!SignOutScope::Others.ends_this_session());
    /// ```
    pub const fn ends_this_session(self) -> bool {
        !matches!(self, Self::Others)
    }
}

impl fmt::Display for SignOutScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SignOutScope {
    type Err = UnknownScope;

    fn from_str(scope: &str) -> Result<Self, UnknownScope> {
        [Self::Local, Self::Browser, Self::Others, Self::Global]
            .into_iter()
            .find(|known| known.as_str() == scope)
            .ok_or(UnknownScope)
    }
}

/// The text names no [`SignOutScope`].
///
/// ```
/// use leptos_guardian::{SignOutScope, UnknownScope};
///
/// assert_eq!("everything".parse::<SignOutScope>(), Err(UnknownScope));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope must be local, browser, others or global")]
pub struct UnknownScope;

/// The public, opaque name of a session, for lists, for events and for ending it. It signs
/// nobody in.
///
/// ```
/// use leptos_guardian::{SessionHandle, SignOutOptions};
///
/// let session = SessionHandle::from("mgvEcr0");
/// let that_one = SignOutOptions { session: Some(session), ..Default::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionHandle(pub(crate) String);

impl From<&str> for SessionHandle {
    /// Takes the text of a handle back from a form or a command line. Whether there is such a
    /// session is seen when it is used.
    fn from(handle: &str) -> Self {
        Self(handle.to_owned())
    }
}

impl SessionHandle {
    /// The handle as text.
    ///
    /// ```
    /// use leptos_guardian::SessionHandle;
    ///
    /// assert_eq!(SessionHandle::from("mgvEcr0").as_str(), "mgvEcr0");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a sign-out should do. The default ends this session and redirects to the app's
/// `after_sign_out_url`.
///
/// ```
/// use leptos_guardian::{SignOutOptions, SignOutScope};
///
/// let everywhere = SignOutOptions {
///     scope: SignOutScope::Global,
///     callback_url: Some("/bye".into()),
///     ..Default::default()
/// };
/// assert!(everywhere.redirect);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// A misspelt field must not end other sessions than was asked.
#[serde(deny_unknown_fields)]
pub struct SignOutOptions {
    /// Which sessions end.
    pub scope: SignOutScope,
    /// The session that the scope is seen from, instead of this one: `Local` ends that one,
    /// `Global` all of its user's, `Others` all of its user's but that one. It must be the user's
    /// own or one of this browser's; the handle of another user's session is treated like one
    /// that does not exist.
    pub session: Option<SessionHandle>,
    /// Whether the browser goes to another page afterwards (the default). With `false` it
    /// stays where it is and the auth state flips.
    pub redirect: bool,
    /// Where the browser goes. Without one, or with one that is not allowed, it goes to the
    /// app's `after_sign_out_url`.
    pub callback_url: Option<String>,
}

impl Default for SignOutOptions {
    fn default() -> Self {
        Self {
            scope: SignOutScope::default(),
            session: None,
            redirect: true,
            callback_url: None,
        }
    }
}

impl SignOutOptions {
    /// Whether the session `here` is sure to be among those that end.
    ///
    /// ```
    /// use leptos_guardian::{SessionHandle, SignOutOptions, SignOutScope};
    ///
    /// let here = SessionHandle::from("mgvEcr0");
    /// assert!(SignOutOptions::default().ends(Some(&here)));
    /// let others = SignOutOptions { scope: SignOutScope::Others, ..Default::default() };
    /// assert!(!others.ends(Some(&here)));
    /// ```
    pub fn ends(&self, here: Option<&SessionHandle>) -> bool {
        let is_seen_from_here = self.session.is_none() || self.session.as_ref() == here;
        match self.scope {
            SignOutScope::Browser => true,
            scope => is_seen_from_here && scope.ends_this_session(),
        }
    }
}

/// As a form's fields, which is how a browser keeps it in its cookie, tells it to its other tabs
/// and sends it to the server.
impl SignOutOptions {
    pub(crate) fn to_fields(&self) -> String {
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.append_pair("scope", self.scope.as_str());
        if let Some(session) = &self.session {
            fields.append_pair("session", session.as_str());
        }
        if let Some(url) = &self.callback_url {
            fields.append_pair("callback_url", url);
        }
        if !self.redirect {
            fields.append_pair("redirect", "false");
        }
        fields.finish()
    }

    /// Reads them from whatever has them. `None` for a scope that does not exist.
    pub(crate) fn from_fields(field: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let field = |name| field(name).filter(|text| !text.is_empty());
        Some(Self {
            scope: match field("scope") {
                Some(scope) => scope.parse().ok()?,
                None => SignOutScope::default(),
            },
            session: field("session").map(SessionHandle),
            redirect: field("redirect").as_deref() != Some("false"),
            callback_url: field("callback_url"),
        })
    }
}

/// A sign-out that has been carried out: the sessions are gone from the database.
///
/// ```
/// use leptos_guardian::{SignOutScope, SignedOut};
///
/// let answer = r#"{"scope":"local","ended":["mgvEcr0"],"url":"/"}"#;
/// let done: SignedOut = serde_json::from_str(answer).unwrap();
/// assert_eq!(done.scope, SignOutScope::Local);
/// assert_eq!(done.url.as_deref(), Some("/"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// The scope that was asked for.
    pub scope: SignOutScope,
    /// The sessions that this sign-out ended. Empty when there was nothing left to end.
    pub ended: Vec<SessionHandle>,
    /// The ids of the events that `after_sign_out` is given: one for each user whose sessions
    /// ended.
    #[serde(default)]
    pub events: Vec<String>,
    /// Where the browser should go, already checked by the server. `None` when the caller
    /// asked to stay (`redirect: false`).
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::find_field;

    fn read(fields: &str) -> Option<SignOutOptions> {
        SignOutOptions::from_fields(|name| find_field(fields, name))
    }

    #[test]
    fn options_are_read_as_they_were_written() {
        for scope in ["local", "browser", "others", "global"] {
            for (session, redirect, callback_url) in [
                (None, true, None),
                (Some("mgvEcr0"), false, Some("/bye?a=1&b=2+3#ä")),
            ] {
                let options = SignOutOptions {
                    scope: scope.parse().expect("a scope"),
                    session: session.map(SessionHandle::from),
                    redirect,
                    callback_url: callback_url.map(String::from),
                };
                assert_eq!(read(&options.to_fields()), Some(options));
            }
        }
    }

    /// Whoever reads the answer finds each field in it.
    #[cfg(feature = "ssr")]
    #[test]
    fn an_answer_has_all_its_fields_when_nothing_has_ended() {
        let done = SignedOut {
            scope: SignOutScope::Global,
            ended: Vec::new(),
            events: Vec::new(),
            url: None,
        };
        let answer = r#"{"scope":"global","ended":[],"events":[],"url":null}"#;
        assert_eq!(serde_json::to_string(&done).unwrap(), answer);
    }

    #[test]
    fn a_misspelt_field_is_no_default() {
        let read = serde_json::from_str::<SignOutOptions>;
        assert!(read(r#"{"scope":"local","redirect":true,"session":"mgvEcr0"}"#).is_ok());
        assert!(read(r#"{"scope":"local","redirect":true,"sesion":"mgvEcr0"}"#).is_err());
    }

    #[test]
    fn what_is_missing_or_empty_is_the_default() {
        assert_eq!(read(""), Some(SignOutOptions::default()));
        let empty = "scope=&session=&callback_url=&redirect=";
        assert_eq!(read(empty), Some(SignOutOptions::default()));
        assert_eq!(read("scope=everything"), None);
    }
}
