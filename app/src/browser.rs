//! In the browser: stand-ins for what the server does for a page.

use crate::{FormError, flash::Flash};

/// The server sends the flash message with the page.
pub(crate) fn take_flash() -> Flash {
    Flash::default()
}

/// Only the server rejects forms.
pub(crate) fn reject_unreadable(error: FormError) -> FormError {
    error
}

/// Only the server sends a status.
pub(crate) fn not_found() {}
