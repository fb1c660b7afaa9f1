//! One line of the list of sessions.

use crate::{AuthError, SessionHandle};
use serde::{Deserialize, Serialize};

/// A session of the signed-in user, as the list of sessions shows it. Holds nothing that
/// could sign anybody in.
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
    /// Whether the request that asks belongs to it.
    pub is_current: bool,
    /// The browser that signed in, such as `Firefox 128`, if it can be told.
    pub browser: Option<String>,
    /// The system it runs on, such as `Windows`, if it can be told.
    pub system: Option<String>,
    /// The address that the sign-in came from, if the server knows it.
    pub ip: Option<String>,
    /// How the user proved who they are, such as `password`.
    pub method: String,
    /// When they signed in, in seconds since the Unix epoch.
    pub created_at: i64,
    /// When the session was last used, in seconds since the Unix epoch, give or take five
    /// minutes.
    pub last_seen_at: i64,
}

/// The user's sessions, or why they could not be told, and when that was, in seconds since the
/// Unix epoch.
pub(crate) type Listed = (Result<Vec<SessionInfo>, AuthError>, i64);
