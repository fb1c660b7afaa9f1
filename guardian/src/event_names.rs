//! The stream of sign-outs: the names that the server and a page share.

/// The path of the stream.
pub(crate) const PATH: &str = "/guardian/events";

/// The first event, with the handle of the session that the server sees.
pub(crate) const SESSION: &str = "session";

/// An event with a [`SignOutNotice`](crate::SignOutNotice).
pub(crate) const SIGNED_OUT: &str = "signed_out";
