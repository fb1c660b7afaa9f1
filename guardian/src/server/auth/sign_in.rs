//! Signing in: a new token for the browser, a new row for the session.

use super::{Auth, CookieChange, Current, Inner, State};
use crate::{
    AuthError, Profile, User,
    server::{registry::NewSession, token::TokenHash},
};

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

impl Auth {
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
            client,
            ..
        } = &*self.0;
        let user = User {
            id: identity.user_id,
            profile: identity.profile,
        };
        let replaced = self.tokens();
        let may_keep_data = match self.require_user() {
            Ok(previous) => previous.id == user.id,
            Err(error) => error == AuthError::SignedOut,
        };
        if !may_keep_data {
            session.clear().await;
        }
        if session.id().is_some() {
            session.cycle_id().await?;
        }
        session.save().await?;
        let id = session.id().ok_or("the tower session has no id")?;

        let token = TokenHash::of(&id);
        let now = guardian.0.clock.now();
        let new = NewSession {
            token,
            user: &user,
            method: &identity.method,
            user_agent: client.user_agent.as_deref(),
            ip: client.ip.as_deref(),
            expires_at: guardian.expiry(now, now),
        };
        let live = guardian.0.registry.begin(&new, &replaced, now).await?;
        guardian.announce();
        self.change(State {
            current: Current::SignedIn(live),
            token: Some(token),
            ending: Vec::new(),
            cookie: CookieChange::Set,
        });
        Ok(())
    }
}
