//! How many sessions a user may have at once.

/// What a sign-in does whose user has as many sessions as the app allows:
/// [`Builder::sessions_per_user`](super::Builder::sessions_per_user).
///
/// ```
/// use leptos_guardian::server::{Builder, Overflow};
///
/// fn one_device_at_a_time(builder: Builder) -> Builder {
///     builder.sessions_per_user(1, Overflow::EndOldest)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// It ends the sessions that began first, with
    /// [`Reason::SessionLimit`](crate::Reason::SessionLimit).
    EndOldest,
    /// It fails with [`AuthError::TooManySessions`](crate::AuthError::TooManySessions). A user who has
    /// lost their devices waits until those sessions expire, or an administrator ends them.
    Refuse,
}

/// The most sessions of one user, and what a sign-in beyond them does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLimit {
    pub(crate) sessions: usize,
    pub(crate) overflow: Overflow,
}
