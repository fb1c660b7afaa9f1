//! [`Auth`]: who makes this request, and the two things they can do about it.

mod activity;
mod sign_in;
mod sign_out;

pub use sign_in::Identity;

use super::{Guardian, cookie::Presented, registry::LiveSession, token::TokenHash};
use crate::{AuthError, User};
use axum::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use leptos::prelude::use_context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tower_sessions::Session;

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

/// What the request knows, and has changed so far.
struct State {
    current: Current,
    /// The browser's token, whether or not anybody is signed in by it.
    token: Option<TokenHash>,
    /// The tokens whose sessions are still to be ended.
    ending: Vec<TokenHash>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CookieChange {
    Keep,
    /// A sign-in: the browser gets the tower session's new id.
    Set,
    /// A sign-out.
    Remove,
    /// A sign-out that the database could not carry out.
    Surrender(Vec<TokenHash>),
}

impl Auth {
    /// Finds out who makes a request: one read, and none without a cookie.
    pub(crate) async fn resolve(guardian: &Guardian, presented: Presented, client: Client) -> Self {
        let token = presented.session.as_ref().map(TokenHash::of);
        let found = match &token {
            Some(token) => guardian.0.registry.find(token).await,
            None => Ok(None),
        };
        let now = guardian.0.clock.now();
        // Without a token the visitor starts anew. So does whoever comes with an expired one:
        // the data kept under it is the user's, who is not there any more.
        let mut data_id = presented.session;
        let current = match found {
            Ok(Some(session)) if session.expires_at > now => Current::SignedIn(session),
            Ok(Some(_)) => {
                data_id = None;
                Current::SignedOut
            }
            Ok(None) => Current::SignedOut,
            Err(cause) => {
                tracing::error!(%cause, "the session could not be checked");
                Current::Unknown
            }
        };
        let auth = Self(Arc::new(Inner {
            guardian: guardian.clone(),
            session: guardian.visitor_data(data_id),
            client,
            state: Mutex::new(State {
                current,
                token,
                ending: presented.ending.clone(),
                cookie: CookieChange::Keep,
            }),
            presented,
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

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) fn presented(&self) -> &Presented {
        &self.0.presented
    }

    pub(crate) fn cookie_change(&self) -> CookieChange {
        self.state().cookie.clone()
    }

    /// Every token that this browser answers for.
    fn tokens(&self) -> Vec<TokenHash> {
        let state = self.state();
        state.token.iter().chain(&state.ending).copied().collect()
    }

    /// Whether the database could not say who this is.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.state().current, Current::Unknown)
    }

    fn change(&self, state: State) {
        *self.state() = state;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is valid at every moment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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
