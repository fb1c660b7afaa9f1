//! In the browser: what the server does for a page, where there is none.

use crate::flash::Flash;

/// The server hands the note over in the page.
pub(crate) fn take_flash() -> Flash {
    Flash::default()
}

/// There is no response whose status could say so.
pub(crate) fn not_found() {}
