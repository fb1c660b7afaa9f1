//! [`Auth`]: the user of a request, and what they do about their sessions.

mod accounts;
mod activity;
mod after_sign_in;
mod recent;
mod renewal;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_out_targets;
mod state;
mod watch;

pub use recent::Proof;
pub use sign_in::Identity;
pub(crate) use state::CookieChange;
pub(crate) use watch::{Update, Watch};

use super::{
    Guardian,
    bearer::TokenPlace,
    client_info::ClientInfo,
    lifetime::TokenLifetime,
    presented::Presented,
    registry::{LiveSession, Revocation, Target},
    store::VisitorStore,
    token::{self, TokenHash},
};
use crate::{AuthError, Reason, SignOutScope, User};
use axum::extract::FromRequestParts;
use http::request::Parts;
use leptos::prelude::with_context;
use state::{Current, State};
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tower_sessions::{Session, session::Id};

/// The user of this request, and their sessions. Handlers extract it. Server functions and components
/// call [`Auth::from_context`].
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
    /// The app's data for this visitor. It uses `store`.
    session: Session,
    store: Arc<VisitorStore>,
    /// The id of that data when the request arrived.
    data_id: Option<Id>,
    presented: Presented,
    client: ClientInfo,
    /// Whether a handler has extracted this, so that its response may depend on the visitor.
    was_extracted: AtomicBool,
    state: Mutex<State>,
}

impl Guardian {
    /// Returns the unexpired sessions behind a browser's token, the active account's first. Once the browser
    /// has been closed, these are only the remembered ones.
    async fn live_sessions(
        &self,
        token: &TokenHash,
        is_still_open: bool,
    ) -> Result<Vec<LiveSession>, Arc<sqlx::Error>> {
        let mut sessions = self.0.registry.find(token).await?;
        let now = self.0.clock.now();
        for session in &mut sessions {
            let lifetime = &session.lifetime;
            // A server of an earlier version knows only its own limits, and may have moved the date.
            if lifetime.idle_seconds.is_some() || lifetime.age_seconds.is_some() {
                let own = self.expiry(lifetime, session.created_at, session.last_seen_at);
                session.expires_at = session.expires_at.min(own);
            }
        }
        let count = sessions.len();
        sessions.retain(|session| session.expires_at > now);
        if sessions.is_empty() && count > 0 {
            self.end_expired(token).await;
        }
        sessions.retain(|session| is_still_open || !session.needs_still_open);
        Ok(sessions)
    }

    /// Ends a browser's expired sessions, if they have data that is the visitor's. Otherwise housekeeping does.
    async fn end_expired(&self, token: &TokenHash) {
        if self.0.registry.kept.is_empty() {
            return;
        }
        // Not those of the browser: it may have signed in since, with another token.
        let targets = vec![Target::Replaced(vec![*token])];
        let revocation = Revocation::new(SignOutScope::Local, targets);
        if let Err(cause) = self.revoke(revocation, Reason::Expiry.into()).await {
            tracing::warn!(%cause, "expired sessions could not be ended");
        }
    }
}

impl Auth {
    /// Finds the user of a request: with one read, or none without a cookie.
    pub(crate) async fn resolve(
        guardian: &Guardian,
        presented: Presented,
        client: ClientInfo,
    ) -> Self {
        let token = presented.session.as_ref().map(TokenHash::of);
        let is_still_open = token.is_some_and(|token| presented.still_open.contains(&token));
        let sessions = match &token {
            Some(token) => guardian.live_sessions(token, is_still_open).await,
            None => Ok(Vec::new()),
        };
        let current = match sessions {
            Ok(accounts) => Current::of(accounts),
            Err(cause) => {
                tracing::error!(%cause, "the session could not be checked");
                Current::Unknown
            }
        };
        let data_id = match &current {
            // The user counts as signed out, though the session is still there.
            Current::SignedIn(..) if presented.has_pending_sign_out => None,
            Current::SignedIn(active, _) => token::data_id_of(active.handle()),
            Current::SignedOut | Current::Unknown => match presented.place {
                TokenPlace::Cookie => presented.session,
                // Only browsers have data without a user.
                TokenPlace::Bearer => None,
            },
        };
        let of_session = data_id.filter(|_| matches!(current, Current::SignedIn(..)));
        let store = Arc::new(guardian.0.store.for_request(of_session));
        Self(Arc::new(Inner {
            guardian: guardian.clone(),
            session: guardian.visitor_data(data_id, &store),
            store,
            data_id,
            client,
            was_extracted: AtomicBool::new(false),
            state: Mutex::new(State {
                current,
                has_pending_sign_out: presented.has_pending_sign_out,
                token,
                place: presented.place,
                is_still_open,
                contested: presented.contested.clone(),
                unrevoked: presented.unrevoked.clone(),
                cookie: CookieChange::Keep,
            }),
            presented,
        }))
    }

    /// Returns the `Auth` of the request that Leptos serves: in a server function, or while a page is
    /// rendered. `None` when the route is not behind [`Guardian::protect`].
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// /// For a server function.
    /// fn user_id() -> Option<String> {
    ///     let auth = Auth::from_context()?;
    ///     auth.user().map(|user| user.id.clone())
    /// }
    /// # assert_eq!(user_id(), None);
    /// ```
    pub fn from_context() -> Option<Self> {
        with_context(Self::extract)?
    }

    fn extract(parts: &Parts) -> Option<Self> {
        let auth: &Self = parts.extensions.get()?;
        auth.0.was_extracted.store(true, Relaxed);
        Some(auth.clone())
    }

    /// The guardian that protects this request's route.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn onwards(auth: Auth) -> Redirect {
    ///     match auth.guardian().redirects().check("/account") {
    ///         Ok(page) => Redirect::to(page.as_str()),
    ///         Err(_) => Redirect::to("/"),
    ///     }
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(onwards);
    /// ```
    pub fn guardian(&self) -> &Guardian {
        &self.0.guardian
    }

    /// The address that the request came from, if the server knows it
    /// (`into_make_service_with_connect_info`).
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn address(auth: Auth) -> String {
    ///     auth.client_ip().unwrap_or("unknown").to_owned()
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(address);
    /// ```
    pub fn client_ip(&self) -> Option<&str> {
        self.0.client.ip.as_deref()
    }

    /// Whether the client is an app or a script without cookies: it has sent a bearer token, or has just got
    /// one.
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn hint(auth: Auth) -> &'static str {
    ///     if auth.is_app() { "Restart the app." } else { "Reload the page." }
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(hint);
    /// ```
    pub fn is_app(&self) -> bool {
        self.state().place == TokenPlace::Bearer
    }

    /// The signed-in user, if there is one.
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn name(auth: Auth) -> String {
    ///     auth.user().map(|user| user.profile.name.clone()).unwrap_or_default()
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(name);
    /// ```
    pub fn user(&self) -> Option<Arc<User>> {
        self.require_user().ok()
    }

    /// The signed-in user, for handlers that need one.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when there is none, [`AuthError::Unavailable`] when the database fails.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// async fn account(auth: Auth) -> Result<String, AuthError> {
    ///     let user = auth.require_user()?;
    ///     Ok(format!("The account of {}", user.profile.name))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(account);
    /// ```
    pub fn require_user(&self) -> Result<Arc<User>, AuthError> {
        self.read_accounts(|active, _| Arc::clone(&active.user))
    }

    /// Reads the active account, and the others.
    fn read_accounts<T>(
        &self,
        read: impl FnOnce(&LiveSession, &[LiveSession]) -> T,
    ) -> Result<T, AuthError> {
        let state = self.state();
        match &state.current {
            Current::Unknown => Err(AuthError::Unavailable),
            _ if state.has_pending_sign_out => Err(AuthError::SignedOut),
            Current::SignedOut => Err(AuthError::SignedOut),
            Current::SignedIn(active, others) => Ok(read(active, others)),
        }
    }

    /// Whether the handler has extracted this, or read the visitor's data.
    pub(crate) fn was_used(&self) -> bool {
        self.0.was_extracted.load(Relaxed) || self.store().was_read()
    }

    pub(crate) fn store(&self) -> &VisitorStore {
        &self.0.store
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) fn presented(&self) -> &Presented {
        &self.0.presented
    }

    /// The id of the visitor's data when the request arrived.
    pub(crate) fn data_id(&self) -> Option<Id> {
        self.0.data_id
    }

    pub(crate) fn cookie_change(&self) -> CookieChange {
        self.state().cookie
    }

    /// The session of the signed-in user, if there is one.
    pub(crate) fn active(&self) -> Option<LiveSession> {
        self.read_accounts(|active, _| active.clone()).ok()
    }

    /// How long the browser keeps its token.
    pub(crate) fn token_lifetime(&self) -> TokenLifetime {
        let accounts = self.state().current.clone().into_accounts();
        self.guardian().token_lifetime(&accounts)
    }

    /// Returns the browser's token if its cookie may be signed again. By now the browser may have signed out,
    /// or in, with another request: then this response, which may be late, would replace the new cookie.
    pub(crate) async fn token_to_sign_anew(&self) -> Option<Id> {
        let token = self.presented().session?;
        let hash = TokenHash::of(&token);
        let guardian = self.guardian();
        let (is_signed_in, is_still_open) = {
            let state = self.state();
            let is_signed_in = match state.current {
                Current::SignedIn(..) => true,
                Current::SignedOut => false,
                Current::Unknown => return None,
            };
            (is_signed_in, state.is_still_open)
        };
        let is_still_its_own = if is_signed_in {
            let sessions = guardian.live_sessions(&hash, is_still_open).await;
            sessions.is_ok_and(|sessions| !sessions.is_empty())
        } else {
            let registry = &guardian.0.registry;
            let is_replaced = registry.is_replaced(&hash, guardian.0.clock.now()).await;
            is_replaced.is_ok_and(|is_replaced| !is_replaced)
        };
        is_still_its_own.then_some(token)
    }

    /// The tokens whose sessions have yet to be revoked after this request. They include the previous
    /// token of a browser that has a pending sign-out and gets a new token: it would forget that one.
    pub(crate) fn unrevoked_tokens(&self, gets_new_token: bool) -> Vec<TokenHash> {
        let state = self.state();
        let forgotten = state
            .token
            .filter(|_| state.has_pending_sign_out && gets_new_token);
        forgotten
            .into_iter()
            .chain(state.unrevoked.clone())
            .collect()
    }

    /// Whether the browser still has a pending sign-out.
    pub(crate) fn has_pending_sign_out(&self) -> bool {
        self.state().has_pending_sign_out
    }

    /// Whether the database failed, so that the user is unknown.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.state().current, Current::Unknown)
    }

    /// Whether the request has several valid tokens, and it is unknown which is the browser's own.
    pub(crate) fn is_contested(&self) -> bool {
        !self.state().contested.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is valid at every moment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("user", &self.user().map(|user| user.id.clone()))
            .finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthError> {
        Self::extract(parts).ok_or_else(|| {
            tracing::error!("a route with the Auth extractor is not behind Guardian::protect");
            AuthError::NotProtected
        })
    }
}
