//! Failures of the database, as callers see them.

use crate::AuthError;
use std::fmt::Display;

/// Logs a failure, and returns what the caller may know of it.
pub(crate) fn unavailable<E: Display>(what: &'static str) -> impl FnOnce(E) -> AuthError {
    move |cause| {
        tracing::error!(%cause, "{what}");
        AuthError::Unavailable
    }
}
