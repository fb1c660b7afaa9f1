//! When and how the user last proved who they are.

use super::{Auth, state::Current};
use crate::{
    AuthError, SessionHandle, SignOutOptions, SignOutScope, User,
    server::{Transaction, registry, time_limit::in_time, unavailable::unavailable},
};
use std::{sync::Arc, time::Duration};

/// A proof of identity: the sign-in, or a later confirmation.
///
/// ```
/// use leptos_guardian::server::Auth;
///
/// async fn last_proof(auth: Auth) -> String {
///     match auth.last_proof() {
///         Ok(proof) => format!("by {} at {}", proof.method, proof.proved_at),
///         Err(error) => error.to_string(),
///     }
/// }
/// # let _: axum::routing::MethodRouter = axum::routing::get(last_proof);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// How the user proved it, such as `password`.
    pub method: String,
    /// When, in seconds since the Unix epoch.
    pub proved_at: i64,
}

impl Auth {
    /// Returns when and how the user of this session last proved who they are: by the sign-in, or by a later
    /// [`confirm`](Self::confirm). It costs no read of its own.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
    /// fails.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// /// Whether a second factor has been checked in this session.
    /// fn has_second_factor(auth: &Auth) -> Result<bool, AuthError> {
    ///     Ok(auth.last_proof()?.method == "passkey")
    /// }
    /// ```
    pub fn last_proof(&self) -> Result<Proof, AuthError> {
        self.read_accounts(|active, _| active.proof.clone())
    }

    /// The signed-in user, for handlers that need a recent proof of identity: of a change of the password
    /// or the address, for example (OWASP ASVS 5.0, 7.5.1). The page for that is
    /// [`RequireRecent`](crate::RequireRecent)'s.
    ///
    /// # Errors
    ///
    /// [`AuthError::ConfirmationRequired`] when the last proof is older than `max_age`,
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
    /// fails.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    /// use std::time::Duration;
    ///
    /// async fn change_address(auth: Auth) -> Result<String, AuthError> {
    ///     let user = auth.require_recent(Duration::from_secs(10 * 60))?;
    ///     Ok(format!("A new address for {}", user.id))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(change_address);
    /// ```
    pub fn require_recent(&self, max_age: Duration) -> Result<Arc<User>, AuthError> {
        let now = self.guardian().0.clock.now();
        let user = self.require_user()?;
        let is_recent = self.last_proof()?.is_recent(max_age, now);
        let required = AuthError::ConfirmationRequired {
            max_age: max_age.as_secs(),
        };
        is_recent.then_some(user).ok_or(required)
    }

    /// Records that the user has just proved again who they are, after the app has checked the factor, and
    /// gives the browser a new token (OWASP ASVS 5.0, 7.2.4). [`Transaction::confirm`] does it together with
    /// the app's own statements.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more; [`AuthError::Unavailable`]
    /// when the database fails. Then the token and the last proof stay the same.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// # fn check_password() -> bool { true }
    /// async fn confirm(auth: Auth) -> Result<Redirect, AuthError> {
    ///     if !check_password() {
    ///         return Ok(Redirect::to("/confirm?error=password"));
    ///     }
    ///     auth.confirm("password").await?;
    ///     Ok(Redirect::to("/account"))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(confirm);
    /// ```
    pub async fn confirm(&self, method: impl Into<String>) -> Result<(), AuthError> {
        let mut transaction = self.guardian().begin().await?;
        transaction.confirm(self, method).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Records that the user of a request has just proved again who they are, and gives their browser a new
    /// token.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more; [`AuthError::Unavailable`]
    /// when the database fails. Then drop the transaction.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// async fn change_password(auth: &Auth) -> Result<(), AuthError> {
    ///     let mut transaction = auth.guardian().begin().await?;
    ///     // Here the app has checked the old password, and stores the new one.
    ///     transaction.confirm(auth, "password").await?;
    ///     transaction.commit().await
    /// }
    /// ```
    pub async fn confirm(
        &mut self,
        auth: &Auth,
        method: impl Into<String>,
    ) -> Result<(), AuthError> {
        let user = auth.require_user()?;
        self.renew_token(auth).await?;
        let proof = Proof {
            method: method.into(),
            proved_at: auth.guardian().0.clock.now(),
        };
        let record = registry::record_proof(self.own_connection(), &user.session, &proof);
        let is_there = in_time(record)
            .await
            .map_err(unavailable("a confirmation could not be recorded"))?;
        if !is_there {
            return Err(AuthError::SignedOut);
        }
        let auth = auth.clone();
        self.on_commit(move || auth.set_proof(&user.session, proof));
        Ok(())
    }
}

impl Auth {
    /// The rest of the request sees the new proof.
    fn set_proof(&self, session: &SessionHandle, proof: Proof) {
        if let Current::SignedIn(active, _) = &mut self.state().current
            && active.handle() == session
        {
            active.proof = proof;
        }
    }
}

impl Auth {
    /// Whether a sign-out ends sessions on other browsers, and the last proof of the user whose they are is
    /// older than `max_age`.
    ///
    /// | who asks | scope | for | must confirm |
    /// |---|---|---|---|
    /// | nobody who is signed in | any | any | no: it ends only what the browser's tokens are for |
    /// | a user | `Local` | this session, or another account here | no |
    /// | a user | `Local` | a session elsewhere | yes |
    /// | a user | `Browser` | any | no |
    /// | a user | `Others` | any | yes |
    /// | a user | `Global` | any | yes, unless the sign-out is pending |
    ///
    /// A pending sign-out was asked for while the server could not be reached. The page has forgotten the
    /// user since, and nobody is there to confirm it. It ends this session, too.
    pub(crate) fn must_confirm(&self, options: &SignOutOptions, max_age: Duration) -> bool {
        let state = self.state();
        let Current::SignedIn(active, others) = &state.current else {
            return false;
        };
        let mut here = [active].into_iter().chain(others);
        let target = options.session.as_ref();
        let named = here.find(|account| Some(account.handle()) == target);
        let is_here = target.is_none() || named.is_some();
        let ends_others = match options.scope {
            SignOutScope::Local => !is_here,
            SignOutScope::Browser => false,
            SignOutScope::Others => true,
            SignOutScope::Global => !state.has_pending_sign_out,
        };
        let now = self.guardian().0.clock.now();
        ends_others && !named.unwrap_or(active).proof.is_recent(max_age, now)
    }
}

impl Proof {
    fn is_recent(&self, max_age: Duration, now: i64) -> bool {
        // Another server's clock may be ahead.
        let age = u64::try_from(now - self.proved_at).unwrap_or(0);
        age <= max_age.as_secs()
    }
}
