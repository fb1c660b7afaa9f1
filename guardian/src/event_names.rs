//! The stream of sign-outs, between the server and a page.

/// Where the stream is.
pub(crate) const PATH: &str = "/guardian/events";

/// The first event: the handle of the session that the server sees.
pub(crate) const SESSION: &str = "session";

/// An event with a [`SignOutNotice`](crate::SignOutNotice).
pub(crate) const SIGNED_OUT: &str = "signed_out";
