//! Why a session ended.

use serde::{Deserialize, Serialize};

/// Why a session ended, as [`SignOutEvent`](crate::server::SignOutEvent) and the database
/// tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user signed out.
    User,
    /// The user signed in again on the same browser, which replaced the session.
    NewSignIn,
    /// The user changed the password.
    PasswordChange,
    /// An administrator, or the app, ended the session.
    Administrator,
}

impl Reason {
    /// The word for this reason in JSON and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::NewSignIn => "new_sign_in",
            Self::PasswordChange => "password_change",
            Self::Administrator => "administrator",
        }
    }
}
