//! A new token for a browser whose accounts stay signed in: whenever more is entrusted to it, so
//! that a copy of the token before is worth nothing any more (OWASP ASVS 5.0, 7.2.4).

use super::{Auth, CookieChange, unavailable};
use crate::{
    AuthError, SessionHandle,
    server::{Transaction, database::in_time, registry, token::TokenHash},
};
use tower_sessions::session::Id;

/// A token that a transaction gives a browser. It holds once the transaction is committed.
pub(crate) struct Renewal {
    auth: Auth,
    token: Id,
}

impl Renewal {
    /// Notes that the transaction is committed: the response brings the browser its token.
    pub(crate) fn take_effect(self) {
        let mut state = self.auth.state();
        state.token = Some(TokenHash::of(&self.token));
        state.cookie = CookieChange::Set(self.token);
    }
}

impl Auth {
    /// Gives this browser a new token and ends the one before, as after a fresh proof of who the
    /// user is. [`Transaction::renew_token`] does it together with the app's own statements.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more;
    /// [`AuthError::Unavailable`] when the database fails. Then the token stays as it was.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// async fn after_second_factor(auth: &Auth) -> Result<(), AuthError> {
    ///     auth.renew_token().await
    /// }
    /// ```
    pub async fn renew_token(&self) -> Result<(), AuthError> {
        let failed = || unavailable("the browser could not be given a new token");
        let mut transaction = self.guardian().begin().await.map_err(failed())?;
        transaction.renew_token(self).await?;
        transaction.commit().await.map_err(failed())
    }
}

impl Transaction {
    /// Gives the browser of a request a new token, in which all of its accounts stay signed in, and
    /// ends the one before. For every change that raises what a session may do: a password or an
    /// address that is changed, a provider that is linked, a second factor.
    /// [`sign_out_others`](Self::sign_out_others) includes it.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more;
    /// [`AuthError::Unavailable`] when the database fails. Then drop the transaction.
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn change_address(auth: &Auth) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut transaction = auth.guardian().begin().await?;
    ///     // Here the app stores the new address.
    ///     transaction.renew_token(auth).await?;
    ///     transaction.commit().await?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn renew_token(&mut self, auth: &Auth) -> Result<(), AuthError> {
        let is_renewed = self.try_renew_token(auth).await?;
        is_renewed.then_some(()).ok_or(AuthError::SignedOut)
    }

    /// The same. Returns whether anybody was still signed in by the token.
    pub(crate) async fn try_renew_token(&mut self, auth: &Auth) -> Result<bool, AuthError> {
        auth.require_user()?;
        // Once is enough, and the token that the request came with is replaced already.
        if self.renews_token() {
            return Ok(true);
        }
        let old = auth.state().token.ok_or(AuthError::SignedOut)?;
        let token = Id::default();
        let carried = self
            .carry_over(&old, &TokenHash::of(&token))
            .await
            .map_err(unavailable("the browser could not be given a new token"))?;
        if carried > 0 {
            self.renew_on_commit(Renewal {
                auth: auth.clone(),
                token,
            });
        }
        Ok(carried > 0)
    }

    /// Makes another account of a browser the active one. Returns whether the browser has it.
    pub(super) async fn switch_account(
        &mut self,
        auth: &Auth,
        session: &SessionHandle,
    ) -> Result<bool, AuthError> {
        let token = auth.state().token.ok_or(AuthError::SignedOut)?;
        let now = auth.guardian().0.clock.now();
        let switch = registry::switch(self.own_connection(), &token, session, now);
        let is_there = in_time(switch)
            .await
            .map_err(unavailable("the account could not be switched"))?;
        if is_there {
            self.renew_token(auth).await?;
        }
        Ok(is_there)
    }

    async fn carry_over(&mut self, old: &TokenHash, new: &TokenHash) -> Result<u64, sqlx::Error> {
        let now = self.guardian().0.clock.now();
        in_time(registry::begin_renewal(self.own_connection(), old)).await?;
        in_time(registry::carry_over(
            self.own_connection(),
            old,
            new,
            None,
            now,
        ))
        .await
    }
}
