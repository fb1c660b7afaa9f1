//! The server's half: passwords, the limits on guesses, and the responses to forms.

mod attempts;
mod email;
pub(crate) mod forms;
mod hashing;
mod known_browsers;
mod passwords;
mod rate_limiter;
mod weak_passwords;

pub use email::Email;
pub use forms::{FormResponse, keep_fields};
pub use leptos_guardian::server::is_visible;
pub use passwords::{Credential, Passwords};

use crate::PasswordError;
use std::time::{SystemTime, UNIX_EPOCH};

/// Logs the cause. The user only learns that it is not their fault.
fn unavailable(cause: leptos_guardian::server::sqlx::Error) -> PasswordError {
    tracing::error!(%cause, "the database failed");
    PasswordError::Unavailable
}

/// The time since the Unix epoch.
fn since_epoch() -> std::time::Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}
