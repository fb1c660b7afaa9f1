//! What can go wrong: with a password, and with a form.

use leptos_guardian::ErrorStatus;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Display;

/// Why a sign-up, a sign-in or a new password is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The text is not an e-mail address.
    #[error("this is not an e-mail address")]
    Email,
    /// The password is too short or too long.
    #[error("a password has 8 to 256 characters")]
    Length,
    /// Few guesses find the password.
    #[error("the password is easy to guess")]
    Weak,
    /// There were too many attempts.
    #[error("too many attempts; the next one is possible in {retry_after} seconds")]
    TooManyAttempts {
        /// In seconds.
        retry_after: u64,
    },
    /// The database failed, or too many passwords are being hashed. The log has the cause.
    #[error("passwords cannot be checked at the moment")]
    Unavailable,
}

/// The app's error, as its forms show it: [`Display`] is the text above the form.
///
/// ```
/// use leptos_guardian::{ErrorStatus, http::StatusCode};
/// use leptos_guardian_passwords::FormFailure;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
/// enum FormError {
///     #[error("Please enter your name.")]
///     Name,
/// }
///
/// impl ErrorStatus for FormError {
///     fn status(&self) -> StatusCode {
///         StatusCode::UNPROCESSABLE_ENTITY
///     }
/// }
///
/// impl FormFailure for FormError {
///     fn field(&self) -> Option<&'static str> {
///         Some("name")
///     }
///
///     fn page_of(_form: &str) -> &'static str {
///         "/sign-up"
///     }
/// }
/// ```
pub trait FormFailure: ErrorStatus + Display + Clone + Serialize + DeserializeOwned {
    /// The name of the field to correct, if it is one field's fault.
    fn field(&self) -> Option<&'static str>;

    /// The path of the page with the form that has this action, such as `/api/sign_up`.
    fn page_of(form: &str) -> &'static str;

    /// The path of the page where the user must first confirm who they are, if that is the error. It gets the
    /// form's page as its `callback_url`. What was typed is there again for ten minutes.
    fn confirm_page(&self) -> Option<&'static str> {
        None
    }
}
