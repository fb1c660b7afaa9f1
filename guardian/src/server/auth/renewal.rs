//! A new token for a browser whose accounts stay signed in, whenever a session may do more than before.
//! A copy of the previous token is then useless (OWASP ASVS 5.0, 7.2.4).

use super::{Auth, CookieChange};
use crate::{
    AuthError, SessionHandle,
    server::{
        Transaction,
        registry::{self, CarryOver, Locks},
        time_limit::in_time,
        token::TokenHash,
        unavailable::unavailable,
    },
};
use tower_sessions::session::Id;

impl Auth {
    /// Gives this browser a new token and ends the previous one, as after another proof of identity.
    /// [`Transaction::renew_token`] does it together with the app's own statements.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more; [`AuthError::Unavailable`]
    /// when the database fails. Then the token stays the same.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// async fn after_second_factor(auth: &Auth) -> Result<(), AuthError> {
    ///     auth.renew_token().await
    /// }
    /// ```
    pub async fn renew_token(&self) -> Result<(), AuthError> {
        let mut transaction = self.guardian().begin().await?;
        transaction.renew_token(self).await?;
        transaction.commit().await
    }

    /// Puts the browser's new token into the response.
    fn set_token(&self, token: Id) {
        let mut state = self.state();
        state.token = Some(TokenHash::of(&token));
        state.is_still_open = true;
        state.cookie = CookieChange::Set(token);
    }
}

impl Transaction {
    /// Gives the browser of a request a new token, with which all of its accounts stay signed in, and
    /// ends the previous one. For every change after which a session may do more: a changed password or
    /// address, a linked provider, a second factor. [`sign_out_others`](Self::sign_out_others) includes
    /// it.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, or not any more; [`AuthError::Unavailable`]
    /// when the database fails. Then drop the transaction.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, server::Auth};
    ///
    /// async fn change_address(auth: &Auth) -> Result<(), AuthError> {
    ///     let mut transaction = auth.guardian().begin().await?;
    ///     // Here the app stores the new address.
    ///     transaction.renew_token(auth).await?;
    ///     transaction.commit().await
    /// }
    /// ```
    pub async fn renew_token(&mut self, auth: &Auth) -> Result<(), AuthError> {
        let is_renewed = self.try_renew_token(auth).await?;
        is_renewed.then_some(()).ok_or(AuthError::SignedOut)
    }

    /// Renews the token. Returns whether anybody was still signed in with the previous one.
    pub(super) async fn try_renew_token(&mut self, auth: &Auth) -> Result<bool, AuthError> {
        auth.require_user()?;
        // This transaction has already renewed the token.
        if self.has_renewed_token() {
            return Ok(true);
        }
        let state = auth.state().clone();
        let token = Id::default();
        let carry_over = CarryOver {
            old: state.token.ok_or(AuthError::SignedOut)?,
            new: TokenHash::of(&token),
            is_still_open: state.is_still_open,
            is_mixed: auth.token_lifetime().is_mixed,
        };
        let moved = self.move_accounts(&carry_over).await;
        let moved = moved.map_err(unavailable("the browser's token could not be renewed"))?;
        if moved > 0 {
            let auth = auth.clone();
            self.renew_on_commit(move || auth.set_token(token));
        }
        Ok(moved > 0)
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

    async fn move_accounts(&mut self, carry_over: &CarryOver) -> Result<u64, sqlx::Error> {
        let now = self.guardian().0.clock.now();
        in_time(registry::lock(
            self.own_connection(),
            &Locks::of_browser(&carry_over.old),
        ))
        .await?;
        let connection = self.own_connection();
        let moved = in_time(registry::carry_over(connection, carry_over, None, now)).await?;
        self.move_waiting_data(&carry_over.old, &carry_over.new)
            .await?;
        Ok(moved)
    }

    /// Moves what is the visitor's and waits until nobody is signed in on the browser.
    pub(crate) async fn move_waiting_data(
        &mut self,
        old: &TokenHash,
        new: &TokenHash,
    ) -> Result<(), sqlx::Error> {
        if self.guardian().0.registry.kept.is_empty() {
            return Ok(());
        }
        in_time(registry::move_waiting_data(self.own_connection(), old, new)).await
    }
}
