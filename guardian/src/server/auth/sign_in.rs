//! Signing in: a new token for the browser, a new row for the session.

use super::{
    Auth, Inner,
    state::{CookieChange, Current, State},
};
use crate::{
    AuthError, Profile,
    server::{
        bearer::TokenPlace,
        lifetime::{Remember, is_mixed},
        registry::{CarryOver, LiveSession, NewSession},
        token::{self, TokenHash},
        unavailable::unavailable,
        user_agent,
        writes::{SignIn, WriteError},
    },
};
use serde_json::Value;
use std::sync::Arc;
use tower_sessions::{
    Session,
    session::{self, Id, Record},
};

/// The method of a sign-in whose app names none: "signed in with an unknown method".
const UNKNOWN_METHOD: &str = "an unknown method";

/// A user whose identity the app has checked.
///
/// ```
/// use leptos_guardian::{Profile, server::Identity};
///
/// let ada = Identity::new("ada", Profile::new("Ada Lovelace")).method("password");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The app's identifier of the user.
    pub user_id: String,
    /// What pages may show of the user.
    pub profile: Profile,
    /// How the user proved who they are, such as `password`. The list of sessions shows it.
    pub method: String,
    /// How long this browser stays signed in; `None`: as long as the app allows.
    pub remember: Option<Remember>,
    /// Whether the client is an app without cookies.
    pub is_app: bool,
}

impl Identity {
    /// Creates the identity of the user with this identifier.
    ///
    /// ```
    /// use leptos_guardian::{Profile, server::Identity};
    ///
    /// let ada = Identity::new("ada", Profile::new("Ada Lovelace"));
    /// assert_eq!(ada.user_id, "ada");
    /// ```
    pub fn new(user_id: impl Into<String>, profile: Profile) -> Self {
        Self {
            user_id: user_id.into(),
            profile,
            method: UNKNOWN_METHOD.into(),
            remember: None,
            is_app: false,
        }
    }

    /// Says how the user proved who they are.
    ///
    /// ```
    /// use leptos_guardian::{Profile, server::Identity};
    ///
    /// let ada = Identity::new("ada", Profile::new("Ada Lovelace")).method("passkey");
    /// assert_eq!(ada.method, "passkey");
    /// ```
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// Says how long this browser stays signed in: as long as the app's
    /// [`idle_timeout`](crate::server::Builder::idle_timeout) and
    /// [`max_age`](crate::server::Builder::max_age) allow unless set. Each account of a browser keeps its
    /// own.
    ///
    /// ```
    /// use leptos_guardian::{Profile, server::{Identity, Remember}};
    ///
    /// /// From a checkbox such as "Stay signed in".
    /// fn identity(is_checked: bool) -> Identity {
    ///     let ada = Identity::new("ada", Profile::new("Ada Lovelace"));
    ///     if is_checked { ada } else { ada.remember(Remember::Browser) }
    /// }
    /// ```
    #[must_use]
    pub fn remember(mut self, remember: Remember) -> Self {
        self.remember = Some(remember);
        self
    }

    /// Says that the client is an app or a script without cookies, which has asked for a token. The
    /// response has it in the header `Guardian-Token` and sets no cookie; the client sends it as
    /// `Authorization: Bearer TOKEN`. The list of sessions shows "App". The site must
    /// [accept such tokens](crate::server::Builder::accept_bearer_tokens).
    ///
    /// A page's script could read this token, unlike the cookie: give one only to who asks.
    ///
    /// ```
    /// use leptos_guardian::{Profile, server::Identity};
    ///
    /// /// From a field such as `token`, which no form of the site has.
    /// fn identity(asks_for_token: bool) -> Identity {
    ///     let ada = Identity::new("ada", Profile::new("Ada Lovelace"));
    ///     if asks_for_token { ada.app() } else { ada }
    /// }
    /// ```
    #[must_use]
    pub fn app(mut self) -> Self {
        self.is_app = true;
        self
    }
}

/// Why a sign-in failed.
enum Failure {
    Refused(AuthError),
    TooManyAccounts,
    TooManySessions,
    Cause(Box<dyn std::error::Error + Send + Sync>),
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::TooManyAccounts => Self::TooManyAccounts,
            WriteError::TooManySessions => Self::TooManySessions,
            WriteError::Database(cause) => Self::Cause(cause.into()),
        }
    }
}

impl From<Arc<sqlx::Error>> for Failure {
    fn from(cause: Arc<sqlx::Error>) -> Self {
        Self::Cause(cause.into())
    }
}

impl From<session::Error> for Failure {
    fn from(cause: session::Error) -> Self {
        Self::Cause(cause.into())
    }
}

impl Auth {
    /// Signs a user in on this browser, and gives the browser a new token (against session fixation:
    /// OWASP ASVS 5.0, 7.2.4). The previous user is signed out, unless the app allows
    /// [several accounts](crate::server::Builder::accounts_per_browser); then the new account becomes
    /// the active one. Data that the app stored for an anonymous visitor is kept. Data that it stored for
    /// another user is not shown to this one.
    ///
    /// A browser may refuse the cookie. The response to a plain form says so if it leads through
    /// [`after_sign_in`](Self::after_sign_in).
    ///
    /// # Errors
    ///
    /// [`AuthError::TooManyAccounts`] when the browser has no room for another account,
    /// [`AuthError::TooManySessions`] when the user has
    /// [as many sessions as allowed](crate::server::Builder::sessions_per_user), [`AuthError::InvalidLifetime`] when the
    /// [lifetime](Identity::remember) is zero or longer than the app's `max_age`,
    /// [`AuthError::NoTokens`] when an [app](Identity::app) asks for a token and the site accepts none,
    /// [`AuthError::TokenBesideCookie`] when a client would have both a token and a cookie,
    /// [`AuthError::Unavailable`] when the database fails. Then the sign-in has changed nothing.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::{AuthError, server::{Auth, Identity}};
    ///
    /// # fn check_password() -> Option<Identity> { None }
    /// async fn sign_in(auth: Auth) -> Result<Redirect, AuthError> {
    ///     let Some(identity) = check_password() else {
    ///         return Ok(Redirect::to("/sign-in?error=password"));
    ///     };
    ///     auth.sign_in(identity).await?;
    ///     Ok(Redirect::to("/"))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(sign_in);
    /// ```
    pub async fn sign_in(&self, identity: Identity) -> Result<(), AuthError> {
        self.try_sign_in(&identity).await.map_err(|failure| {
            let guardian = &self.guardian().0;
            match failure {
                Failure::Refused(error) => error,
                Failure::TooManyAccounts => AuthError::TooManyAccounts {
                    limit: guardian.accounts_per_browser,
                },
                Failure::TooManySessions => AuthError::TooManySessions {
                    limit: guardian.session_limit.map_or(0, |limit| limit.sessions),
                },
                Failure::Cause(cause) => unavailable("the sign-in failed")(cause),
            }
        })
    }

    async fn try_sign_in(&self, identity: &Identity) -> Result<(), Failure> {
        let before = self.state().clone();
        let lifetime = self.guardian().lifetime(identity.remember);
        let lifetime = lifetime.map_err(Failure::Refused)?;
        let place = self.token_place(identity).map_err(Failure::Refused)?;
        let staying = self.accounts_that_stay(&before, &identity.user_id).await?;
        self.load_data(&before, &identity.user_id, &staying).await?;

        let Inner {
            guardian, client, ..
        } = &*self.0;
        let location = guardian.0.describe_location.of(client.ip.as_deref()).await;
        let token = Id::default();
        let data = self.copy_data().await?;
        let staying_lifetimes = staying.iter().map(|account| &account.lifetime);
        let is_mixed = is_mixed(staying_lifetimes.chain([&lifetime]));
        let carried_over = before.token.filter(|_| !staying.is_empty());
        let sign_in = SignIn {
            session: NewSession {
                token: TokenHash::of(&token),
                replaced: before.token,
                data_id: data.id,
                has_data: !data.record.data.is_empty(),
                user_id: identity.user_id.clone(),
                profile: identity.profile.clone(),
                method: identity.method.clone(),
                user_agent: match place {
                    TokenPlace::Cookie => client.user_agent.clone(),
                    TokenPlace::Bearer => Some(user_agent::of_app(client.user_agent.as_deref())),
                },
                ip: client.ip.clone(),
                location,
                needs_still_open: is_mixed && !lifetime.is_remembered,
                lifetime,
            },
            data: data.record,
            ended: self.replaced_tokens(&before),
            carried_over: carried_over.map(|old| CarryOver {
                old,
                new: TokenHash::of(&token),
                is_still_open: before.is_still_open,
                is_mixed,
            }),
        };
        let live = guardian.write_sign_in(sign_in).await?;
        self.store().follow_sign_in(data.id);
        guardian.0.live.publish_sign_in(&identity.user_id);
        if client.ip.is_none() {
            guardian.0.address_warning.call_once(|| {
                tracing::warn!(
                    "the list of sessions shows no addresses: serve the router with \
                    into_make_service_with_connect_info::<SocketAddr>()"
                );
            });
        }

        *self.state() = State {
            current: Current::SignedIn(live, staying),
            has_pending_sign_out: false,
            token: Some(TokenHash::of(&token)),
            place,
            is_still_open: true,
            contested: Vec::new(),
            unrevoked: Vec::new(),
            cookie: CookieChange::Set(token),
        };
        Ok(())
    }

    /// Returns where the client will keep its token. It never has two.
    fn token_place(&self, identity: &Identity) -> Result<TokenPlace, AuthError> {
        let presented = self.presented();
        let has_cookie = presented.place == TokenPlace::Cookie && presented.has_token();
        match identity.is_app {
            true if !self.guardian().0.accepts_bearer_tokens => Err(AuthError::NoTokens),
            true if has_cookie => Err(AuthError::TokenBesideCookie),
            true => Ok(TokenPlace::Bearer),
            false if presented.place == TokenPlace::Bearer => Err(AuthError::TokenBesideCookie),
            false => Ok(TokenPlace::Cookie),
        }
    }

    /// Returns the browser's accounts that stay beside the new one. An app has one token per account.
    async fn accounts_that_stay(
        &self,
        before: &State,
        user_id: &str,
    ) -> Result<Vec<LiveSession>, Failure> {
        let limit = self.guardian().0.accounts_per_browser;
        let mut staying = self.accounts_before(before).await?;
        staying.retain(|account| account.user.id != user_id);
        let is_app = before.place == TokenPlace::Bearer;
        if limit == 1 || before.has_pending_sign_out || is_app {
            staying.clear();
        }
        if staying.len() >= limit {
            return Err(Failure::TooManyAccounts);
        }
        Ok(staying)
    }

    /// Returns the browser's accounts. If the request's own check failed, this reads them now. Otherwise
    /// the sign-in would end them.
    async fn accounts_before(&self, before: &State) -> Result<Vec<LiveSession>, Failure> {
        let (Current::Unknown, Some(token)) = (&before.current, &before.token) else {
            return Ok(before.current.clone().into_accounts());
        };
        let is_still_open = before.is_still_open;
        Ok(self.guardian().live_sessions(token, is_still_open).await?)
    }

    /// Loads the visitor's data for the new session, unless it is another user's: that stays with their
    /// account, or is deleted with it.
    async fn load_data(
        &self,
        before: &State,
        user_id: &str,
        staying: &[LiveSession],
    ) -> Result<(), session::Error> {
        let session = self.session();
        let kept = self.data_of_visitor(before, user_id, staying).await?;
        let may_keep = match &before.current {
            Current::SignedIn(active, _) => active.user.id == user_id,
            Current::SignedOut => true,
            Current::Unknown => false,
        };
        if !may_keep {
            session.clear().await;
        }
        for (key, value) in kept {
            session.insert_value(&key, value).await?;
        }
        // Reading any key loads all of it.
        session.get_value("").await.map(drop)
    }

    /// Returns what is the visitor's in the data of a user whom this sign-in signs out.
    async fn data_of_visitor(
        &self,
        before: &State,
        user_id: &str,
        staying: &[LiveSession],
    ) -> Result<Vec<(String, Value)>, session::Error> {
        let guardian = self.guardian();
        let kept_keys = &guardian.0.registry.kept;
        let Current::SignedIn(active, _) = &before.current else {
            return Ok(Vec::new());
        };
        let stays = staying
            .iter()
            .any(|account| account.handle() == active.handle());
        let session = if before.has_pending_sign_out {
            // The request's own session does not have that user's data.
            let id = token::data_id_of(active.handle());
            let store = Arc::new(guardian.0.store.for_request(id));
            guardian.visitor_data(id, &store)
        } else if active.user.id != user_id && !stays {
            self.session().clone()
        } else {
            return Ok(Vec::new());
        };
        let mut kept = Vec::new();
        for key in kept_keys.iter() {
            if let Some(value) = session.get_value(key).await? {
                kept.push((key.clone(), value));
            }
        }
        Ok(kept)
    }

    /// The tokens whose sessions and visitors' data this sign-in ends. What was the visitor's may have just
    /// moved to a token that the browser does not have yet.
    fn replaced_tokens(&self, before: &State) -> Vec<TokenHash> {
        let moved = self.store().successor().filter(|it| it.is_stored);
        let moved = moved.map(|it| TokenHash::of(&it.id));
        let tokens = before.tokens();
        let moved = moved.filter(|moved| !tokens.contains(moved));
        tokens.into_iter().chain(moved).collect()
    }

    /// Copies the loaded data for the new session, without the database: the sign-in's transaction
    /// deletes the old data and writes the new.
    async fn copy_data(&self) -> Result<CopiedData, Failure> {
        let Inner { session, store, .. } = &*self.0;
        let capture = store.capture();
        save_under_new_id(session).await?;
        session
            .id()
            .zip(capture.finish())
            .map(|(id, record)| CopiedData { id, record })
            .ok_or_else(|| Failure::Cause("the visitor's data has no new id".into()))
    }
}

/// A visitor's data under its new id, and the record to store.
struct CopiedData {
    id: Id,
    record: Record,
}

async fn save_under_new_id(session: &Session) -> Result<(), session::Error> {
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    session.save().await
}
