//! Follows one session until it ends.

use super::bus::{Kind, Subscription};
use crate::{
    AuthError, Reason, SessionHandle, SignOutNotice, SignOutScope,
    server::{Auth, Guardian, auth::unavailable},
};
use std::{future::Future, time::Duration};
use tokio::time::sleep;

/// The longest time until the session is looked up again: a net for what no event told, for
/// one read per open page in five minutes.
const LONGEST_SLEEP: Duration = Duration::from_secs(5 * 60);

/// Follows the active session of one browser.
pub(super) struct Watch {
    guardian: Guardian,
    subscription: Subscription,
    session: SessionHandle,
    /// The other accounts of the browser.
    others: Vec<SessionHandle>,
    is_over: bool,
    expires_at: i64,
    /// When it began, in seconds since the epoch: what happened before is no news.
    since: i64,
}

impl Watch {
    /// Begins to follow the session that a request belongs to.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, not even any more;
    /// [`AuthError::Unavailable`] when the database could not tell.
    pub(super) async fn start(auth: &Auth, kind: Kind) -> Result<Self, AuthError> {
        let guardian = auth.guardian().clone();
        let accounts = auth.accounts()?;
        let session = accounts.active.session.clone();
        let mut users = vec![accounts.active.id];
        let mut others = Vec::new();
        // A page shows the browser's other accounts, too; work is one account's.
        if kind == Kind::Page {
            for other in accounts.others {
                users.push(other.id);
                others.push(other.session);
            }
        }
        let bus = &guardian.0.live.bus;
        let subscription = bus.subscribe(kind, &session, users);
        let mut watch = Self {
            since: guardian.0.clock.now(),
            expires_at: 0,
            guardian,
            subscription,
            session,
            others,
            is_over: false,
        };
        // Asked after subscribing: a sign-out between the two would be missed.
        if watch.has_ended().await? {
            return Err(AuthError::SignedOut);
        }
        Ok(watch)
    }

    /// The session's handle.
    pub(super) fn session(&self) -> &SessionHandle {
        &self.session
    }

    /// The next sign-out that concerns the browser. `None` when it is to be asked again who is
    /// signed in: after one that ended an account of this browser, and when this is cut off.
    pub(super) async fn next(&mut self) -> Option<SignOutNotice> {
        while !self.is_over {
            let until_expiry = self.until_expiry();
            tokio::select! {
                news = self.subscription.next() => {
                    let news = news?;
                    let here = news.ends(&self.session);
                    self.is_over = here || self.others.iter().any(|other| news.ends(other));
                    if here || news.event.created_at >= self.since {
                        return Some(news.event.seen_from(&self.session, here));
                    }
                }
                () = sleep(until_expiry) => {
                    // It may have been used meanwhile, which moves its idle limit.
                    if self.has_ended().await.ok()? {
                        self.is_over = true;
                        return Some(SignOutNotice {
                            scope: SignOutScope::Local,
                            reason: Reason::Expiry,
                            here: true,
                            events: Vec::new(),
                        });
                    }
                }
            }
        }
        None
    }

    fn until_expiry(&self) -> Duration {
        let seconds = self.expires_at - self.guardian.0.clock.now();
        // A second more than nothing, against a clock that stands still.
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1)).min(LONGEST_SLEEP)
    }

    /// Looks the session up.
    async fn has_ended(&mut self) -> Result<bool, AuthError> {
        let found = self.guardian.0.registry.expiry(&self.session).await;
        let found = found.map_err(unavailable("an open page's session could not be checked"))?;
        self.expires_at = found.unwrap_or(0);
        Ok(self.expires_at <= self.guardian.0.clock.now())
    }
}

impl Auth {
    /// Resolves when the session of this request has ended, wherever and why ever, or when the
    /// server is told to stop. Long-lived work selects on it: a stream, a WebSocket, an upload.
    /// At once if nobody is signed in or the database cannot tell.
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
    ///             () = &mut signed_out => return format!("over after {ticks} ticks"),
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
