//! Why a session ended.

use crate::SignOutScope;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a session ended, in [`on_signed_out`](crate::on_signed_out),
/// [`SignOutEvent`](crate::server::SignOutEvent) and the database. Its `Display` is a sentence for the
/// person who was signed out.
///
/// ```
/// use leptos_guardian::Reason;
///
/// assert_eq!("password_change".parse(), Ok(Reason::PasswordChange));
/// assert_eq!(Reason::Expiry.to_string(), "Your session has expired.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The user signed out.
    User,
    /// The user signed this session out from another browser. Only this session's page sees this
    /// reason. The event has [`Reason::User`], and the session that the user signed out from.
    OtherDevice,
    /// A sign-in on the same browser replaced the session.
    NewSignIn,
    /// The user signed in elsewhere, and had as many sessions as the app allows
    /// ([`sessions_per_user`](crate::server::Builder::sessions_per_user)).
    SessionLimit,
    /// The user changed the password.
    PasswordChange,
    /// The user's account was deleted.
    AccountDeleted,
    /// An administrator, or the app, ended the session.
    Administrator,
    /// The session reached its idle limit or its age limit.
    Expiry,
    /// The identity provider that the user signed in with signed them out.
    IdentityProvider,
    /// A page found that its session was gone, and does not know why.
    Unknown,
}

impl Reason {
    const ALL: [Self; 10] = [
        Self::User,
        Self::OtherDevice,
        Self::NewSignIn,
        Self::SessionLimit,
        Self::PasswordChange,
        Self::AccountDeleted,
        Self::Administrator,
        Self::Expiry,
        Self::IdentityProvider,
        Self::Unknown,
    ];

    /// The word for this reason in JSON, in URLs and in the database.
    ///
    /// ```
    /// use leptos_guardian::Reason;
    ///
    /// assert_eq!(Reason::PasswordChange.as_str(), "password_change");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::OtherDevice => "other_device",
            Self::NewSignIn => "new_sign_in",
            Self::SessionLimit => "session_limit",
            Self::PasswordChange => "password_change",
            Self::AccountDeleted => "account_deleted",
            Self::Administrator => "administrator",
            Self::Expiry => "expiry",
            Self::IdentityProvider => "identity_provider",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "You signed out.",
            Self::OtherDevice => "You were signed out from another device.",
            Self::NewSignIn => "A new sign-in on this browser ended your session.",
            Self::SessionLimit => "You signed in elsewhere, and this session was one too many.",
            Self::PasswordChange => "Your password was changed, which signed you out here.",
            Self::AccountDeleted => "Your account was deleted.",
            Self::Administrator => "An administrator signed you out.",
            Self::Expiry => "Your session has expired.",
            Self::IdentityProvider => "Your sign-in provider signed you out.",
            Self::Unknown => "You were signed out.",
        })
    }
}

impl std::str::FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(reason: &str) -> Result<Self, UnknownReason> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == reason)
            .ok_or(UnknownReason)
    }
}

/// The text is not a [`Reason`].
///
/// ```
/// use leptos_guardian::Reason;
///
/// let unknown = "boredom".parse::<Reason>().unwrap_err();
/// assert_eq!(unknown.to_string(), "this is no reason for a sign-out");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no reason for a sign-out")]
#[non_exhaustive]
pub struct UnknownReason;

/// A sign-out that concerns a page's user, on this browser or another. The argument of
/// [`on_signed_out`](crate::on_signed_out).
///
/// ```
/// use leptos_guardian::SignOutNotice;
///
/// fn sentence(notice: &SignOutNotice) -> String {
///     match notice.is_current {
///         true => notice.reason.to_string(),
///         false => "You were signed out elsewhere.".into(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignOutNotice {
    /// Which sessions ended.
    pub scope: SignOutScope,
    /// Why they ended.
    pub reason: Reason,
    /// Whether the session that this page shows is among them.
    pub is_current: bool,
    /// The ids of the events: a page recognises those that it has seen already.
    pub(crate) events: Vec<String>,
}
