//! In the browser: stand-ins for what the server does for a page.

use crate::{Flash, FormFailure};

/// The server sends the flash message with the page.
#[expect(
    clippy::extra_unused_type_parameters,
    reason = "the server reads the error"
)]
pub(crate) fn take_flash<E: FormFailure>() -> Flash {
    Flash::default()
}

/// The server has checked the field when it rendered the page.
pub(crate) fn check_field(_kind: &str, _name: &str) {}

/// Only the server rejects forms.
pub fn reject_unreadable<E: FormFailure>(error: E) -> E {
    error
}
