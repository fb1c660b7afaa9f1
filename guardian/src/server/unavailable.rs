//! Failures of the database, as callers see them.

use crate::AuthError;
use std::fmt::Display;

/// Logs a failure. Returns the error that callers see, which hides the cause.
pub(crate) fn unavailable<E: Display>(what: &'static str) -> impl FnOnce(E) -> AuthError {
    move |cause| {
        tracing::error!(%cause, "{what}");
        AuthError::Unavailable
    }
}
