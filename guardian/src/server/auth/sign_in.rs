//! Signing in: a new token for the browser, a new row for the session.

use super::{Auth, CookieChange, Current, Inner, State, unavailable};
use crate::{
    AuthError, Profile, Reason, SignOutScope,
    server::{
        database::in_time,
        registry::{self, Condition, Ending, LiveSession, NewSession},
        token::TokenHash,
    },
};
use tower_sessions::{
    Session,
    session::{self, Id, Record},
};

/// Who somebody is, as the app has found out.
///
/// ```
/// use leptos_guardian::{Profile, server::Identity};
///
/// let ada = Identity {
///     user_id: "ada".into(),
///     profile: Profile { name: "Ada Lovelace".into(), ..Default::default() },
///     method: "password".into(),
/// };
/// ```
#[derive(Clone, Debug)]
pub struct Identity {
    /// The app's own identifier of the user.
    pub user_id: String,
    /// What pages may show of them.
    pub profile: Profile,
    /// How they proved it, such as `password`: shown in the list of sessions.
    pub method: String,
}

/// Why a sign-in failed.
enum Failure {
    TooManyAccounts,
    Cause(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self::Cause(Box::new(cause))
    }
}

impl Auth {
    /// Signs somebody in on this browser. It gets a new token (against session fixation:
    /// OWASP ASVS 5.0, 7.2.4). Whoever was signed in on it is signed out, unless the app
    /// allows [several accounts](crate::server::Builder::accounts_per_browser); then this one
    /// becomes the active one. What the app stored for an anonymous visitor is kept; what it
    /// stored for another user is not shown to this one.
    ///
    /// # Errors
    ///
    /// [`AuthError::TooManyAccounts`] when the browser has no room for another account,
    /// [`AuthError::Unavailable`] when the database fails; then nobody is signed in by it.
    ///
    /// ```
    /// use axum::{http::StatusCode, response::Redirect};
    /// use leptos_guardian::server::{Auth, Identity};
    ///
    /// # fn check_password() -> Result<Identity, StatusCode> { Err(StatusCode::UNAUTHORIZED) }
    /// async fn sign_in(auth: Auth) -> Result<Redirect, StatusCode> {
    ///     let identity: Identity = check_password()?;
    ///     auth.sign_in(identity).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    ///     Ok(Redirect::to("/"))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(sign_in);
    /// ```
    pub async fn sign_in(&self, identity: Identity) -> Result<(), AuthError> {
        self.try_sign_in(identity).await.map_err(|failure| {
            let limit = self.guardian().0.accounts_per_browser;
            match failure {
                Failure::TooManyAccounts => AuthError::TooManyAccounts { limit },
                Failure::Cause(cause) => unavailable("the sign-in failed")(cause),
            }
        })
    }

    async fn try_sign_in(&self, identity: Identity) -> Result<(), Failure> {
        let Inner {
            guardian, client, ..
        } = &*self.0;
        let limit = guardian.0.accounts_per_browser;
        let before = self.state().clone();
        let mut staying = self.accounts_before(&before).await?;
        staying.retain(|account| account.user.id != identity.user_id);
        if limit == 1 || before.is_leaving {
            staying.clear();
        }
        if staying.len() >= limit {
            return Err(Failure::TooManyAccounts);
        }

        self.load_data(&before, &identity.user_id).await?;
        let token = Id::default();
        let mut transaction = guardian.begin().await?;
        let user_id = &identity.user_id;
        let connection = transaction.own_connection();
        in_time(registry::begin_sign_in(connection, user_id, before.token)).await?;
        let now = guardian.0.clock.now();
        let data = self.copy_data().await?;
        let new = NewSession {
            token: TokenHash::of(&token),
            replaced: before.token,
            data_id: data.id,
            user_id,
            profile: &identity.profile,
            method: &identity.method,
            user_agent: client.user_agent.as_deref(),
            ip: client.ip.as_deref(),
            expires_at: guardian.expiry(now, now),
        };
        if let Some(old) = before.token.filter(|_| !staying.is_empty()) {
            let connection = transaction.own_connection();
            let carry_over =
                registry::carry_over(connection, &old, &new.token, Some(new.user_id), now);
            let carried = in_time(carry_over).await?;
            // Another sign-in on this browser may have been faster.
            if carried >= limit as u64 {
                transaction.rollback().await?;
                return Err(Failure::TooManyAccounts);
            }
        }
        let replaced = before.tokens();
        if !replaced.is_empty() {
            let replaced = vec![Condition::Replaced(replaced)];
            let ending = Ending::new(SignOutScope::Local, replaced);
            transaction.end(&ending, &Reason::NewSignIn.into()).await?;
        }
        in_time(registry::insert_data(
            transaction.own_connection(),
            &data.record,
        ))
        .await?;
        let live = in_time(registry::insert(transaction.own_connection(), &new, now)).await?;
        transaction.commit().await?;

        *self.state() = State {
            current: Current::SignedIn(live, staying),
            is_leaving: false,
            token: Some(new.token),
            contested: Vec::new(),
            ending: Vec::new(),
            cookie: CookieChange::Set(token),
        };
        Ok(())
    }

    /// The accounts of the browser. If they could not be told when the request came, they are read
    /// now: to sign in as if there were none would end them.
    async fn accounts_before(&self, before: &State) -> Result<Vec<LiveSession>, Failure> {
        let (Current::Unknown, Some(token)) = (&before.current, &before.token) else {
            return Ok(before.current.clone().accounts());
        };
        Ok(self.guardian().live_sessions(token).await?)
    }

    /// Loads the visitor's data. Another user's is not carried along: it stays with their account,
    /// or goes with it.
    async fn load_data(&self, before: &State, user_id: &str) -> Result<(), session::Error> {
        let session = self.session();
        let may_keep = match &before.current {
            Current::SignedIn(active, _) => active.user.id == user_id,
            Current::SignedOut => true,
            Current::Unknown => false,
        };
        if !may_keep {
            session.clear().await;
        }
        // Any key will do.
        session.get_value("").await.map(drop)
    }

    /// Copies the data that is loaded, for the new session. That asks no database: what was kept
    /// before goes in the transaction of the sign-in, as what is new comes.
    async fn copy_data(&self) -> Result<Copied, Failure> {
        let Inner { session, store, .. } = &*self.0;
        store.hold();
        let moved = move_data(session).await;
        let record = store.release();
        moved?;
        session
            .id()
            .zip(record)
            .map(|(id, record)| Copied { id, record })
            .ok_or_else(|| Failure::Cause("the visitor's data has no new id".into()))
    }
}

/// A visitor's data under its new id, and as it is to be stored.
struct Copied {
    id: Id,
    record: Record,
}

async fn move_data(session: &Session) -> Result<(), session::Error> {
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    session.save().await
}
