//! What a sign-out should do, and what it returns.

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
#[non_exhaustive]
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

    /// Whether it signs out the browser that sends it.
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

/// The text is not a [`SignOutScope`].
///
/// ```
/// use leptos_guardian::SignOutScope;
///
/// let unknown = "everything".parse::<SignOutScope>().unwrap_err();
/// assert_eq!(unknown.to_string(), "the scope must be local, browser, others or global");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope must be local, browser, others or global")]
#[non_exhaustive]
pub struct UnknownScope;

/// The public, opaque name of a session. Lists and events show it, and a sign-out can name it. It signs
/// nobody in.
///
/// ```
/// use leptos_guardian::{SessionHandle, SignOutOptions};
///
/// let session = SessionHandle::from("mgvEcr0");
/// let that_one = SignOutOptions::local().session(session);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionHandle(pub(crate) String);

impl From<&str> for SessionHandle {
    /// Takes the text of a handle, from a form or a command line. It does not check that the session
    /// exists.
    fn from(handle: &str) -> Self {
        Self(handle.to_owned())
    }
}

impl From<String> for SessionHandle {
    /// Takes the text of a handle. It does not check that the session exists.
    fn from(handle: String) -> Self {
        Self(handle)
    }
}

impl AsRef<str> for SessionHandle {
    fn as_ref(&self) -> &str {
        &self.0
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
/// use leptos_guardian::SignOutOptions;
///
/// let everywhere = SignOutOptions::global().callback_url("/bye");
/// assert!(everywhere.redirect);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// A misspelt field must not end other sessions than those asked for.
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SignOutOptions {
    /// Which sessions end.
    pub scope: SignOutScope,
    /// The session that the scope refers to, instead of this one. `Local` ends that session, `Global`
    /// all sessions of its user, `Others` all of them except that one. It must belong to the user or to
    /// this browser. Another user's session is treated as one that does not exist.
    pub session: Option<SessionHandle>,
    /// Whether the browser goes to another page afterwards (the default). With `false` it stays, and the
    /// auth state changes in place.
    pub redirect: bool,
    /// Where the browser goes. Without one, or with one that is not allowed, it goes to the app's
    /// `after_sign_out_url`.
    pub callback_url: Option<String>,
}

impl Default for SignOutOptions {
    fn default() -> Self {
        Self::local()
    }
}

impl SignOutOptions {
    /// Ends the sessions of a scope.
    ///
    /// ```
    /// use leptos_guardian::{SignOutOptions, SignOutScope};
    ///
    /// let options = SignOutOptions::new(SignOutScope::Others);
    /// assert_eq!(options, SignOutOptions::others());
    /// ```
    pub const fn new(scope: SignOutScope) -> Self {
        Self {
            scope,
            session: None,
            redirect: true,
            callback_url: None,
        }
    }

    /// Ends this session: the default.
    ///
    /// ```
    /// use leptos_guardian::SignOutOptions;
    ///
    /// assert_eq!(SignOutOptions::local(), SignOutOptions::default());
    /// ```
    pub const fn local() -> Self {
        Self::new(SignOutScope::Local)
    }

    /// Ends every account on this browser.
    ///
    /// ```
    /// use leptos_guardian::{SignOutOptions, SignOutScope};
    ///
    /// assert_eq!(SignOutOptions::browser().scope, SignOutScope::Browser);
    /// ```
    pub const fn browser() -> Self {
        Self::new(SignOutScope::Browser)
    }

    /// Ends the user's sessions everywhere but here.
    ///
    /// ```
    /// use leptos_guardian::{SignOutOptions, SignOutScope};
    ///
    /// assert_eq!(SignOutOptions::others().scope, SignOutScope::Others);
    /// ```
    pub const fn others() -> Self {
        Self::new(SignOutScope::Others)
    }

    /// Ends the user's sessions everywhere.
    ///
    /// ```
    /// use leptos_guardian::{SignOutOptions, SignOutScope};
    ///
    /// assert_eq!(SignOutOptions::global().scope, SignOutScope::Global);
    /// ```
    pub const fn global() -> Self {
        Self::new(SignOutScope::Global)
    }

    /// Makes the scope refer to another session of the user.
    ///
    /// ```
    /// use leptos_guardian::SignOutOptions;
    ///
    /// let that_one = SignOutOptions::local().session("mgvEcr0");
    /// assert_eq!(that_one.session, Some("mgvEcr0".into()));
    /// ```
    #[must_use]
    pub fn session(mut self, session: impl Into<SessionHandle>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Says whether the browser goes to another page afterwards.
    ///
    /// ```
    /// use leptos_guardian::SignOutOptions;
    ///
    /// assert!(!SignOutOptions::local().redirect(false).redirect);
    /// ```
    #[must_use]
    pub const fn redirect(mut self, redirect: bool) -> Self {
        self.redirect = redirect;
        self
    }

    /// Says where the browser goes afterwards.
    ///
    /// ```
    /// use leptos_guardian::SignOutOptions;
    ///
    /// let options = SignOutOptions::local().callback_url("/bye");
    /// assert_eq!(options.callback_url.as_deref(), Some("/bye"));
    /// ```
    #[must_use]
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.callback_url = Some(url.into());
        self
    }

    /// Whether the sign-out is certain to end the session `current`.
    ///
    /// ```
    /// use leptos_guardian::{SessionHandle, SignOutOptions};
    ///
    /// let current = SessionHandle::from("mgvEcr0");
    /// assert!(SignOutOptions::local().ends(Some(&current)));
    /// assert!(!SignOutOptions::others().ends(Some(&current)));
    /// ```
    pub fn ends(&self, current: Option<&SessionHandle>) -> bool {
        let refers_to_current = self.session.is_none() || self.session.as_ref() == current;
        match self.scope {
            SignOutScope::Browser => true,
            scope => refers_to_current && scope.ends_this_session(),
        }
    }
}

/// A completed sign-out: the sessions are gone from the database.
///
/// ```
/// use leptos_guardian::{SignOutScope, SignedOut};
///
/// let response = r#"{"scope":"local","ended":["mgvEcr0"],"url":"/"}"#;
/// let done: SignedOut = serde_json::from_str(response).unwrap();
/// assert_eq!(done.scope, SignOutScope::Local);
/// assert_eq!(done.url.as_deref(), Some("/"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignedOut {
    /// The requested scope.
    pub scope: SignOutScope,
    /// The sessions that this sign-out ended. Empty when there was nothing left to end.
    pub ended: Vec<SessionHandle>,
    /// The ids of the events that `after_sign_out` gets: one for each user whose sessions ended.
    #[serde(default)]
    pub events: Vec<String>,
    /// Where the browser should go. The server has checked it. `None` when the caller asked to stay
    /// (`redirect: false`).
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients rely on every field.
    #[cfg(feature = "ssr")]
    #[test]
    fn a_response_has_all_its_fields_when_nothing_has_ended() {
        let done = SignedOut {
            scope: SignOutScope::Global,
            ended: Vec::new(),
            events: Vec::new(),
            url: None,
        };
        let response = r#"{"scope":"global","ended":[],"events":[],"url":null}"#;
        assert_eq!(serde_json::to_string(&done).unwrap(), response);
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let read = serde_json::from_str::<SignOutOptions>;
        assert!(read(r#"{"scope":"local","redirect":true,"session":"mgvEcr0"}"#).is_ok());
        assert!(read(r#"{"scope":"local","redirect":true,"sesion":"mgvEcr0"}"#).is_err());
    }
}
