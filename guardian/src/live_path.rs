//! The stream of events between server and page.

/// Where it is.
pub(crate) const PATH: &str = "/guardian/events";

/// The first event: the handle of the session that the server sees.
pub(crate) const SESSION: &str = "session";

/// A [`SignOutNotice`](crate::SignOutNotice).
pub(crate) const SIGNED_OUT: &str = "signed_out";
