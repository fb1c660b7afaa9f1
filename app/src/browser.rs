//! In the browser: what the server does for a page, where there is none.

use crate::{FormError, flash::Flash};

/// The server hands the note over in the page.
pub(crate) fn take_flash() -> Flash {
    Flash::default()
}

/// A browser refuses no form.
pub(crate) fn reject_unreadable(error: FormError) -> FormError {
    error
}

/// There is no response whose status could say so.
pub(crate) fn not_found() {}
