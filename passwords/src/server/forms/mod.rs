//! Responses to forms: a redirect with a flash message for a plain form, JSON for a script.

mod flash_cookie;
mod form_response;
mod kept_fields;
mod unreadable_form;

pub(crate) use flash_cookie::take_flash;
pub use form_response::FormResponse;
pub(crate) use kept_fields::check_field;
pub use kept_fields::keep_fields;
pub use unreadable_form::reject_unreadable;
