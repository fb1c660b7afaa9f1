//! [`Auth`]: who makes this request, and the two things they can do about it.

mod accounts;
mod activity;
mod renewal;
mod sessions;
mod sign_in;
mod sign_out;

pub(crate) use renewal::Renewal;
pub use sign_in::Identity;

use super::{
    Guardian,
    client::Client,
    presented::Presented,
    registry::LiveSession,
    store::BrowserStore,
    token::{self, TokenHash},
};
use crate::{AuthError, User};
use axum::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use leptos::prelude::use_context;
use std::fmt::Display;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use tower_sessions::{Session, session::Id};

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
    /// What the app keeps for this visitor, from the store beside it.
    session: Session,
    store: Arc<BrowserStore>,
    /// The id of that data when the request came.
    data_id: Option<Id>,
    presented: Presented,
    client: Client,
    /// Whether a handler has taken this: its answer may depend on the visitor.
    was_taken: AtomicBool,
    state: Mutex<State>,
}

/// What the request knows, and has changed so far.
#[derive(Clone)]
struct State {
    current: Current,
    /// The browser has asked to be signed out and could not reach the server: nobody is shown
    /// as signed in, though the session is still to be ended.
    is_leaving: bool,
    /// The browser's token, whether or not anybody is signed in by it.
    token: Option<TokenHash>,
    /// Tokens of which one is the browser's own, and it cannot be told which one.
    contested: Vec<TokenHash>,
    /// The tokens whose sessions are still to be ended.
    ending: Vec<TokenHash>,
    cookie: CookieChange,
}

impl State {
    /// Every token that this browser answers for.
    fn tokens(&self) -> Vec<TokenHash> {
        let tokens = self.token.iter().chain(&self.contested);
        tokens.chain(&self.ending).copied().collect()
    }

    /// Whether somebody may be signed in, and it cannot be told who that is.
    fn is_unknown(&self) -> bool {
        matches!(self.current, Current::Unknown) || !self.contested.is_empty()
    }

    /// Whether nobody is signed in, and an earlier sign-out is still to be carried out.
    fn is_retry(&self) -> bool {
        !matches!(self.current, Current::SignedIn(..)) && !self.ending.is_empty()
    }
}

#[derive(Clone)]
enum Current {
    /// The active account, and the others of this browser.
    SignedIn(LiveSession, Vec<LiveSession>),
    SignedOut,
    /// The database did not answer.
    Unknown,
}

impl Current {
    /// The first of the accounts is the active one.
    fn of(accounts: Vec<LiveSession>) -> Self {
        let mut accounts = accounts.into_iter();
        match accounts.next() {
            Some(active) => Self::SignedIn(active, accounts.collect()),
            None => Self::SignedOut,
        }
    }

    /// All accounts, the active one first.
    fn accounts(self) -> Vec<LiveSession> {
        match self {
            Self::SignedIn(active, others) => [vec![active], others].concat(),
            Self::SignedOut | Self::Unknown => Vec::new(),
        }
    }
}

impl Guardian {
    /// The sessions behind a browser's token that have not expired, the active account's first.
    async fn live_sessions(&self, token: &TokenHash) -> Result<Vec<LiveSession>, Arc<sqlx::Error>> {
        let mut sessions = self.0.registry.find(token).await?;
        let now = self.0.clock.now();
        sessions.retain(|session| session.expires_at > now);
        Ok(sessions)
    }
}

/// What the response does to the cookie. One value, so that no response both sets and
/// removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieChange {
    Keep,
    /// A sign-in: the browser gets a new token.
    Set(Id),
    /// A sign-out.
    Remove,
}

impl Auth {
    /// Finds out who makes a request: one read, and none without a cookie.
    pub(crate) async fn resolve(guardian: &Guardian, presented: Presented, client: Client) -> Self {
        let token = presented.session.as_ref().map(TokenHash::of);
        let found = match &token {
            Some(token) => guardian.live_sessions(token).await,
            None => Ok(Vec::new()),
        };
        let current = match found {
            Ok(accounts) => Current::of(accounts),
            Err(cause) => {
                tracing::error!(%cause, "the session could not be checked");
                Current::Unknown
            }
        };
        let data_id = match &current {
            // Not what the user kept, though their session is still there.
            Current::SignedIn(..) if presented.is_leaving => None,
            Current::SignedIn(active, _) => token::data_id_of(active.handle()),
            Current::SignedOut | Current::Unknown => presented.session,
        };
        let store = Arc::new(guardian.0.store.for_request());
        Self(Arc::new(Inner {
            guardian: guardian.clone(),
            session: guardian.visitor_data(data_id, &store),
            store,
            data_id,
            client,
            was_taken: AtomicBool::new(false),
            state: Mutex::new(State {
                current,
                is_leaving: presented.is_leaving,
                token,
                contested: presented.contested.clone(),
                ending: presented.ending.clone(),
                cookie: CookieChange::Keep,
            }),
            presented,
        }))
    }

    /// The `Auth` of the request that Leptos is serving: in a server function, or while a
    /// page is rendered. `None` when the route is not behind [`Guardian::protect`].
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
        Self::take(&use_context::<Parts>()?)
    }

    fn take(parts: &Parts) -> Option<Self> {
        let auth: &Self = parts.extensions.get()?;
        auth.0.was_taken.store(true, Relaxed);
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

    /// The address that the request came from, when the server knows it
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
    /// [`AuthError::SignedOut`] when there is none, [`AuthError::Unavailable`] when the
    /// database could not tell.
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use leptos_guardian::{ErrorStatus, server::Auth};
    ///
    /// async fn account(auth: Auth) -> Result<String, StatusCode> {
    ///     let user = auth.require_user().map_err(|error| {
    ///         StatusCode::from_u16(error.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    ///     })?;
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
            _ if state.is_leaving => Err(AuthError::SignedOut),
            Current::SignedOut => Err(AuthError::SignedOut),
            Current::SignedIn(active, others) => Ok(read(active, others)),
        }
    }

    /// Whether the request's handler has asked who is there, or read what is kept for them.
    pub(crate) fn was_asked(&self) -> bool {
        self.0.was_taken.load(Relaxed) || self.store().was_read()
    }

    pub(crate) fn store(&self) -> &BrowserStore {
        &self.0.store
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) fn presented(&self) -> &Presented {
        &self.0.presented
    }

    /// The id of the visitor's data when the request came.
    pub(crate) fn data_id(&self) -> Option<Id> {
        self.0.data_id
    }

    pub(crate) fn cookie_change(&self) -> CookieChange {
        self.state().cookie
    }

    /// The tokens whose sessions are still to be ended after this request. A browser that
    /// gets a new token while it is being signed out would forget the old one.
    pub(crate) fn still_to_end(&self, gets_new_token: bool) -> Vec<TokenHash> {
        let state = self.state();
        let forgotten = state.token.filter(|_| state.is_leaving && gets_new_token);
        forgotten.into_iter().chain(state.ending.clone()).collect()
    }

    /// Whether the browser has yet to be signed out after its page could not do it.
    pub(crate) fn is_leaving(&self) -> bool {
        self.state().is_leaving
    }

    /// Whether the database could not say who this is.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.state().current, Current::Unknown)
    }

    /// Whether it cannot be told which of several valid tokens is the browser's own.
    pub(crate) fn is_contested(&self) -> bool {
        !self.state().contested.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is valid at every moment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a failure in the log, and answers what the client may know of it.
pub(crate) fn unavailable<E: Display>(what: &'static str) -> impl FnOnce(E) -> AuthError {
    move |cause| {
        tracing::error!(%cause, "{what}");
        AuthError::Unavailable
    }
}

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::take(parts).ok_or((
            StatusCode::INTERNAL_SERVER_ERROR,
            "this route is not behind Guardian::protect",
        ))
    }
}
