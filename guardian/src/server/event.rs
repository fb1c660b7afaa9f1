//! A sign-out as the `after_sign_out` hook and the audit trail see it.

use crate::{Reason, SessionHandle, SignOutScope};
use serde::Serialize;

/// A sign-out that has been committed: given to the `after_sign_out` hook at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignOutEvent {
    /// Unique per sign-out: a hook that must not act twice de-duplicates by it.
    pub id: String,
    /// Whose sessions ended, by the app's own identifier.
    pub user_id: String,
    /// Which sessions were asked to end.
    pub scope: SignOutScope,
    /// Why they ended.
    pub reason: Reason,
    /// The sessions that ended. Never empty.
    pub ended: Vec<SessionHandle>,
    /// When they ended, in seconds since the Unix epoch.
    pub created_at: i64,
}
