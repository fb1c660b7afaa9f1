//! The accounts of one browser, and which of them is active.

use super::{Auth, state::Current};
use crate::{Accounts, AuthError, SessionHandle, server::registry::LiveSession};

impl Auth {
    /// Returns the accounts that are signed in on this browser: the active one, and the others if the app
    /// allows [several](crate::server::Builder::accounts_per_browser).
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
    /// fails.
    ///
    /// ```
    /// use leptos_guardian::server::Auth;
    ///
    /// async fn others(auth: Auth) -> String {
    ///     match auth.accounts() {
    ///         Ok(accounts) => format!("{} more accounts", accounts.others.len()),
    ///         Err(error) => error.to_string(),
    ///     }
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(others);
    /// ```
    pub fn accounts(&self) -> Result<Accounts, AuthError> {
        self.read_accounts(|active, others| Accounts {
            active: (*active.user).clone(),
            others: others.iter().map(|other| (*other.user).clone()).collect(),
        })
    }

    /// Makes another account of this browser the active one, from the next request on, and gives the
    /// browser a new token (OWASP ASVS 5.0, 7.2.4). The `Session` that this request has extracted stays
    /// the previous account's.
    ///
    /// # Errors
    ///
    /// [`AuthError::UnknownAccount`] when the account is not signed in here, [`AuthError::SignedOut`]
    /// when no account is, [`AuthError::Unavailable`] when the database fails.
    ///
    /// ```
    /// use axum::{extract::Path, response::Redirect};
    /// use leptos_guardian::{SessionHandle, server::Auth};
    ///
    /// async fn switch(auth: Auth, Path(handle): Path<String>) -> Redirect {
    ///     let session = SessionHandle::from(handle);
    ///     match auth.switch_account(&session).await {
    ///         Ok(_) => Redirect::to("/"),
    ///         Err(_) => Redirect::to("/sign-in"),
    ///     }
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(switch);
    /// ```
    pub async fn switch_account(&self, session: &SessionHandle) -> Result<Accounts, AuthError> {
        if self.require_user()?.session != *session {
            self.try_switch(session).await?;
            let mut state = self.state();
            let mut accounts = state.current.clone().into_accounts();
            // A stable sort: the others stay in the order of their last use.
            accounts.sort_by_key(|account| account.handle() != session);
            state.current = Current::of(accounts);
        }
        self.accounts()
    }

    async fn try_switch(&self, session: &SessionHandle) -> Result<(), AuthError> {
        // Not one that has ended with the browser.
        let is_here = |others: &[LiveSession]| others.iter().any(|one| one.handle() == session);
        if !self.read_accounts(|_, others| is_here(others))? {
            return Err(AuthError::UnknownAccount);
        }
        let mut transaction = self.guardian().begin().await?;
        if !transaction.switch_account(self, session).await? {
            transaction.rollback().await?;
            return Err(AuthError::UnknownAccount);
        }
        transaction.commit().await
    }
}
