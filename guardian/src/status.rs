//! The HTTP status of an error. Leptos responds to every error of a server function with 500. The
//! status tells a caller whether to correct the request, sign in, wait or retry.

use http::StatusCode;

/// An error that knows its HTTP status.
///
/// ```
/// use leptos_guardian::{ErrorStatus, SignOutError};
///
/// assert_eq!(SignOutError::Unavailable { signed_out_here: true }.status(), 503);
/// ```
pub trait ErrorStatus {
    /// Returns the status, 400 to 599.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, ErrorStatus};
    ///
    /// assert_eq!(AuthError::SignedOut.status(), 401);
    /// ```
    fn status(&self) -> StatusCode;

    /// Returns the number of seconds after which a retry makes sense, for `Retry-After`
    /// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    ///
    /// ```
    /// use http::StatusCode;
    /// use leptos_guardian::ErrorStatus;
    ///
    /// struct Busy;
    ///
    /// impl ErrorStatus for Busy {
    ///     fn status(&self) -> StatusCode {
    ///         StatusCode::SERVICE_UNAVAILABLE
    ///     }
    ///
    ///     fn retry_after(&self) -> Option<u64> {
    ///         Some(30)
    ///     }
    /// }
    /// ```
    fn retry_after(&self) -> Option<u64> {
        None
    }
}
