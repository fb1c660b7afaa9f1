//! In the browser: stand-ins for what the server does for a page.

/// Only the server sends a status.
pub fn not_found() {}
