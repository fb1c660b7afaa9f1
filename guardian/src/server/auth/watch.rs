//! Following a session until it ends.

use super::Auth;
use crate::{
    AuthError, Reason, SessionHandle, SignOutNotice, SignOutScope,
    server::{
        Guardian,
        live::{Kind, Notification, Subscription},
        unavailable::unavailable,
    },
};
use std::{future::Future, time::Duration};
use tokio::time::sleep;

/// The longest time until the session is read again, in case a notification was lost: one read per open
/// page in five minutes.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);

/// What a browser's open page is told.
pub(crate) enum Update {
    /// A sign-out that concerns it.
    SignOut(SignOutNotice),
    /// The user has signed in elsewhere.
    SignIn,
    /// What the page shows of the user has changed.
    Profile,
}

/// Follows the active session of one browser.
pub(crate) struct Watch {
    guardian: Guardian,
    subscription: Subscription,
    session: SessionHandle,
    /// The other accounts of the browser.
    others: Vec<SessionHandle>,
    is_finished: bool,
    expires_at: i64,
    /// When it began, in seconds since the epoch. Earlier events do not concern it.
    since: i64,
}

impl Watch {
    /// Begins to follow the session that a request belongs to.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more; [`AuthError::Unavailable`] when
    /// the database fails.
    pub(crate) async fn start(auth: &Auth, kind: Kind) -> Result<Self, AuthError> {
        let guardian = auth.guardian().clone();
        let accounts = auth.accounts()?;
        let session = accounts.active.session.clone();
        let mut users = vec![accounts.active.id];
        let mut others = Vec::new();
        // A page also shows the browser's other accounts. Other work belongs to one account.
        if kind == Kind::Page {
            for other in accounts.others {
                users.push(other.id);
                others.push(other.session);
            }
        }
        let subscription = guardian.0.live.subscribe(kind, &session, users);
        let mut watch = Self {
            since: guardian.0.clock.now(),
            expires_at: 0,
            guardian,
            subscription,
            session,
            others,
            is_finished: false,
        };
        // After subscribing: a sign-out between the two would be missed.
        if watch.has_ended().await? {
            return Err(AuthError::SignedOut);
        }
        Ok(watch)
    }

    pub(crate) fn session(&self) -> &SessionHandle {
        &self.session
    }

    /// Returns the next update for the browser. `None` when the page must ask again who is signed in:
    /// after the end of one of the browser's sessions, or when the subscription is cut off.
    pub(crate) async fn next(&mut self) -> Option<Update> {
        while !self.is_finished {
            let until_expiry = self.until_expiry();
            tokio::select! {
                notification = self.subscription.next() => {
                    let sign_out = match notification? {
                        Notification::SignOut(sign_out) => sign_out,
                        Notification::SignIn => return Some(Update::SignIn),
                        Notification::Profile => return Some(Update::Profile),
                    };
                    let is_current = sign_out.ends(&self.session);
                    let ends_other = || self.others.iter().any(|other| sign_out.ends(other));
                    self.is_finished = is_current || ends_other();
                    if is_current || sign_out.event.created_at >= self.since {
                        let notice = sign_out.event.seen_from(&self.session, is_current);
                        return Some(Update::SignOut(notice));
                    }
                }
                () = sleep(until_expiry) => {
                    // The session may have been used meanwhile, which moves its idle limit.
                    // Boxed, because it would make every open page's memory larger and is seldom under way.
                    if Box::pin(self.has_ended()).await.ok()? {
                        self.is_finished = true;
                        return Some(Update::SignOut(SignOutNotice {
                            scope: SignOutScope::Local,
                            reason: Reason::Expiry,
                            is_current: true,
                            events: Vec::new(),
                        }));
                    }
                }
            }
        }
        None
    }

    fn until_expiry(&self) -> Duration {
        let seconds = self.expires_at - self.guardian.0.clock.now();
        // At least a second, in case the clock stands still.
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1)).min(LONGEST_SLEEP)
    }

    /// Reads whether the session has ended, and notes when it expires.
    async fn has_ended(&mut self) -> Result<bool, AuthError> {
        let expiry = self.guardian.0.registry.expiry(&self.session).await;
        let expiry = expiry.map_err(unavailable("an open page's session could not be checked"))?;
        self.expires_at = expiry.unwrap_or(0);
        Ok(self.expires_at <= self.guardian.0.clock.now())
    }
}

impl Auth {
    /// Resolves when the session of this request ends, for any reason, or when the server shuts down.
    /// Long-lived work selects on it: a stream, a WebSocket, an upload. Resolves at once if nobody is
    /// signed in or the database fails.
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    /// use std::time::Duration;
    ///
    /// async fn count(auth: Auth) -> String {
    ///     let mut ticks = 0;
    ///     let mut signed_out = std::pin::pin!(auth.until_signed_out());
    ///     loop {
    ///         tokio::select! {
    ///             () = &mut signed_out => return format!("signed out after {ticks} ticks"),
    ///             () = tokio::time::sleep(Duration::from_secs(1)) => ticks += 1,
    ///         }
    ///     }
    /// }
    /// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(count));
    /// ```
    pub fn until_signed_out(&self) -> impl Future<Output = ()> + Send + use<> {
        let auth = self.clone();
        async move {
            let Ok(mut watch) = Watch::start(&auth, Kind::Work).await else {
                return;
            };
            drop(auth);
            while watch.next().await.is_some() {}
        }
    }
}
