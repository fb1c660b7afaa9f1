//! A sign-out, as the `after_sign_out` hook and the audit trail see it.

use crate::{Reason, SessionHandle, SignOutNotice, SignOutScope};
use serde::Serialize;

/// A sign-out that was committed. The `after_sign_out` hook gets it at least once.
///
/// ```
/// use leptos_guardian::server::SignOutEvent;
///
/// fn line(event: &SignOutEvent) -> String {
///     format!("{}: {} sessions, {}", event.user_id, event.ended.len(), event.reason.as_str())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignOutEvent {
    /// A unique id. A hook that must not act twice on one sign-out recognises it by this id.
    pub id: String,
    /// The user whose sessions ended, by the app's identifier.
    pub user_id: String,
    /// The requested scope.
    pub scope: SignOutScope,
    /// Why they ended.
    pub reason: Reason,
    /// The session that the user signed out from, if the user did it.
    pub actor: Option<SessionHandle>,
    /// The administrator's note.
    pub note: Option<String>,
    /// The sessions that ended. Never empty.
    pub ended: Vec<SessionHandle>,
    /// When they ended, in seconds since the Unix epoch.
    pub created_at: i64,
}

impl SignOutEvent {
    /// Returns the sign-out as the page of one session sees it. `is_current`: whether it ended that
    /// session.
    pub(crate) fn seen_from(&self, session: &SessionHandle, is_current: bool) -> SignOutNotice {
        let is_own = self.actor.as_ref() == Some(session);
        SignOutNotice {
            scope: self.scope,
            reason: match self.reason {
                Reason::User if !is_own => Reason::OtherDevice,
                reason => reason,
            },
            is_current,
            events: vec![self.id.clone()],
        }
    }
}

/// Why sessions end: the reason, and perhaps an administrator's note. A [`Reason`] converts into a
/// cause without a note.
///
/// ```
/// use leptos_guardian::{Reason, server::Cause};
///
/// let stolen = Cause::from(Reason::Administrator).with_note("laptop stolen");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub(crate) reason: Reason,
    pub(crate) actor: Option<SessionHandle>,
    pub(crate) note: Option<String>,
}

impl Cause {
    /// Adds a note, for the audit trail and the `after_sign_out` hook. No page shows it.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::{Cause, Guardian}};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let cause = Cause::from(Reason::Administrator).with_note("laptop stolen");
    /// guardian.sign_out_user("ada", cause).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..self
        }
    }

    pub(crate) fn by(self, actor: Option<SessionHandle>) -> Self {
        Self { actor, ..self }
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            actor: None,
            note: None,
        }
    }
}
