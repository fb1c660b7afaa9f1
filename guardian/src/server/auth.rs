//! [`Auth`]: who makes this request, and the two things they can do about it.

use super::{
    Guardian,
    cookie::Presented,
    redirect::SafeRedirect,
    registry::{Ending, LiveSession, NewSession},
    token::TokenHash,
};
use crate::{AuthError, Profile, Reason, SignOutError, SignOutOptions, SignedOut, User};
use axum::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use leptos::prelude::use_context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tower_sessions::Session;

/// Who somebody is, as the app has found out.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The app's own identifier of the user.
    pub user_id: String,
    /// What pages may show of them.
    pub profile: Profile,
    /// How they proved it, such as `password`: shown in the list of sessions.
    pub method: String,
}

/// Who makes this request. An extractor for handlers; in server functions and components
/// [`Auth::from_context`].
///
/// ```
/// use leptos_guardian::server::Auth;
///
/// async fn greet(auth: Auth) -> String {
///     match auth.user() {
///         Some(user) => format!("Hello, {}", user.profile.name),
///         None => "Hello, stranger".into(),
///     }
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(greet));
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    guardian: Guardian,
    session: Session,
    presented: Presented,
    client: Client,
    state: Mutex<State>,
}

/// What a session remembers of the browser that signed in.
pub(crate) struct Client {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
}

struct State {
    current: Current,
    cookie: CookieChange,
}

#[derive(Clone)]
enum Current {
    SignedIn(LiveSession),
    SignedOut,
    /// The database did not answer.
    Unknown,
}

/// What the response does to the cookie. One value, so that no response both sets and
/// removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieChange {
    Keep,
    /// A sign-in: the browser gets the tower session's new id.
    Set,
    /// A sign-out.
    Remove,
    /// A sign-out that the database could not carry out.
    Surrender(TokenHash),
}

impl Auth {
    /// Finds out who makes a request: one read, and none without a cookie.
    pub(crate) async fn resolve(
        guardian: &Guardian,
        session: Session,
        presented: Presented,
        client: Client,
    ) -> Self {
        let current = match &presented.session {
            None => Current::SignedOut,
            Some(id) => {
                let now = guardian.0.clock.now();
                match guardian.0.registry.find(&TokenHash::of(id), now).await {
                    Ok(Some(live)) => Current::SignedIn(live),
                    Ok(None) => Current::SignedOut,
                    Err(cause) => {
                        tracing::error!(%cause, "the session could not be checked");
                        Current::Unknown
                    }
                }
            }
        };
        let auth = Self(Arc::new(Inner {
            guardian: guardian.clone(),
            session,
            presented,
            client,
            state: Mutex::new(State {
                current,
                cookie: CookieChange::Keep,
            }),
        }));
        auth.note_activity().await;
        auth
    }

    /// The `Auth` of the request that Leptos is serving: in a server function, or while a
    /// page is rendered. `None` when the route is not behind [`Guardian::protect`].
    pub fn from_context() -> Option<Self> {
        use_context::<Parts>()?.extensions.get().cloned()
    }

    /// The guardian that protects this request's route.
    pub fn guardian(&self) -> &Guardian {
        &self.0.guardian
    }

    /// The address that the request came from, when the server knows it
    /// (`into_make_service_with_connect_info`).
    pub fn client_ip(&self) -> Option<&str> {
        self.0.client.ip.as_deref()
    }

    /// The signed-in user, if there is one.
    pub fn user(&self) -> Option<Arc<User>> {
        self.require_user().ok()
    }

    /// The signed-in user, for handlers that need one.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when there is none, [`AuthError::Unavailable`] when the
    /// database could not tell.
    pub fn require_user(&self) -> Result<Arc<User>, AuthError> {
        match &self.state().current {
            Current::SignedIn(live) => Ok(Arc::clone(&live.user)),
            Current::SignedOut => Err(AuthError::SignedOut),
            Current::Unknown => Err(AuthError::Unavailable),
        }
    }

    /// Signs somebody in on this browser. It gets a new token (against session fixation:
    /// OWASP ASVS 5.0, 7.2.4), and whoever was signed in on it is signed out. What the app
    /// stored for an anonymous visitor is kept; what it stored for another user is not.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails; then nobody is signed in by it.
    pub async fn sign_in(&self, identity: Identity) -> Result<(), AuthError> {
        self.try_sign_in(identity).await.map_err(|cause| {
            tracing::error!(%cause, "the sign-in failed");
            AuthError::Unavailable
        })
    }

    async fn try_sign_in(
        &self,
        identity: Identity,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Inner {
            guardian,
            session,
            presented,
            client,
            ..
        } = &*self.0;
        let user = User {
            id: identity.user_id,
            profile: identity.profile,
        };
        if self.user().is_some_and(|previous| previous.id != user.id) {
            session.clear().await;
        }
        if session.id().is_some() {
            session.cycle_id().await?;
        }
        session.save().await?;
        let id = session.id().ok_or("the tower session has no id")?;

        let now = guardian.0.clock.now();
        let replaced: Vec<TokenHash> = [
            presented.session.as_ref().map(TokenHash::of),
            presented.ending,
        ]
        .into_iter()
        .flatten()
        .collect();
        let new = NewSession {
            token: TokenHash::of(&id),
            user: &user,
            method: &identity.method,
            user_agent: client.user_agent.as_deref(),
            ip: client.ip.as_deref(),
            expires_at: guardian.expiry(now, now),
        };
        let live = guardian.0.registry.begin(&new, &replaced, now).await?;
        guardian.announce();
        self.change(Current::SignedIn(live), CookieChange::Set);
        Ok(())
    }

    /// Signs out. Succeeds when there is nothing left to end, and answers success only
    /// after the commit.
    ///
    /// # Errors
    ///
    /// [`SignOutError::Unavailable`] when the database fails. If this browser was to be
    /// signed out its cookie is cleared all the same, and the same call may be made again.
    pub async fn sign_out(&self, options: SignOutOptions) -> Result<SignedOut, SignOutError> {
        let presented = &self.0.presented;
        let token = presented
            .session
            .as_ref()
            .map(TokenHash::of)
            .or(presented.ending);
        let scope = options.scope;
        let signs_out_here = scope.ends_this_session();

        let ended = match &token {
            Some(token) => {
                self.guardian()
                    .end(Ending::Browser(token, scope), Reason::User)
                    .await
            }
            None => Ok(Vec::new()),
        };
        match (ended, token) {
            (Ok(ended), _) => {
                if signs_out_here {
                    self.change(Current::SignedOut, CookieChange::Remove);
                }
                let url = options.redirect.then(|| {
                    let callback_url = options.callback_url.as_deref();
                    self.guardian().after_sign_out(callback_url).into()
                });
                Ok(SignedOut { scope, ended, url })
            }
            (Err(cause), token) => {
                tracing::error!(%cause, %scope, "the sign-out could not be carried out");
                if let Some(token) = token.filter(|_| signs_out_here) {
                    self.change(Current::SignedOut, CookieChange::Surrender(token));
                }
                Err(SignOutError::Unavailable {
                    signed_out_here: signs_out_here,
                })
            }
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) fn presented(&self) -> &Presented {
        &self.0.presented
    }

    pub(crate) fn cookie_change(&self) -> CookieChange {
        self.state().cookie
    }

    /// Whether the database could not say who this is.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.state().current, Current::Unknown)
    }

    /// Writes down that the session is in use, once in a while, and never fails a request.
    async fn note_activity(&self) {
        let guardian = self.guardian();
        let Current::SignedIn(live) = self.state().current.clone() else {
            return;
        };
        let now = guardian.0.clock.now();
        if now - live.last_seen_at < guardian.activity_interval() {
            return;
        }
        let expires_at = guardian.expiry(live.created_at, now);
        if let Err(cause) = guardian
            .0
            .registry
            .touch(&live.handle, now, expires_at)
            .await
        {
            tracing::warn!(%cause, "the session's activity could not be written down");
        }
    }

    fn change(&self, current: Current, cookie: CookieChange) {
        *self.state() = State { current, cookie };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is valid at every moment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest time between two notes of a session's activity, in seconds: the price of
/// "last active" in the list of sessions is one write per session in five minutes.
const ACTIVITY_INTERVAL: i64 = 5 * 60;

impl Guardian {
    /// When a session ends that was last used at `now`: the idle limit or the absolute one.
    fn expiry(&self, created_at: i64, now: i64) -> i64 {
        let seconds =
            |limit: std::time::Duration| i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
        now.saturating_add(seconds(self.0.idle_timeout))
            .min(created_at.saturating_add(seconds(self.0.max_age)))
    }

    /// At most a quarter of the idle limit, so that a session in use never runs into it.
    fn activity_interval(&self) -> i64 {
        let idle = i64::try_from(self.0.idle_timeout.as_secs()).unwrap_or(i64::MAX);
        ACTIVITY_INTERVAL.min(idle / 4)
    }

    /// Where a browser goes after a sign-out. A bad address never stops one.
    fn after_sign_out(&self, callback_url: Option<&str>) -> SafeRedirect {
        let default = || self.0.after_sign_out_url.clone();
        let Some(address) = callback_url.filter(|address| !address.is_empty()) else {
            return default();
        };
        self.0.redirects.check(address).unwrap_or_else(|refused| {
            tracing::warn!(%refused, "a callback URL was refused; using the default");
            default()
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get().cloned().ok_or((
            StatusCode::INTERNAL_SERVER_ERROR,
            "this route is not behind Guardian::protect",
        ))
    }
}
