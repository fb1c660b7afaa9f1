//! Signing out: first the rows, then the cookie, then the response.

use super::{
    Auth, CookieChange,
    sign_out_targets::targets,
    state::{Current, State},
};
use crate::{
    AuthError, Reason, SessionHandle, SignOutError, SignOutOptions, SignOutScope, SignedOut,
    server::{
        Cause, Guardian, Transaction,
        bearer::TokenPlace,
        mark_of,
        redirect::SafeRedirect,
        registry::{Revocation, Target},
        token::TokenHash,
        unavailable::unavailable,
    },
};

impl Auth {
    /// Signs out. Succeeds when there is nothing left to end, and reports success only after the
    /// commit.
    ///
    /// # Errors
    ///
    /// [`SignOutError::Unavailable`] when the database fails. If the sign-out includes this browser, its
    /// cookie is removed all the same; an app keeps its token. The call may be repeated.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::{SignOutError, SignOutOptions, server::Auth};
    ///
    /// async fn sign_out(auth: Auth) -> Result<Redirect, SignOutError> {
    ///     let done = auth.sign_out(SignOutOptions::default()).await?;
    ///     Ok(Redirect::to(done.url.as_deref().unwrap_or("/")))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(sign_out);
    /// ```
    pub async fn sign_out(&self, options: SignOutOptions) -> Result<SignedOut, SignOutError> {
        let before = self.state().clone();
        let current = before.current.active();
        let current = current.map(|active| active.handle().clone());
        let ends_here = options.ends(current.as_ref()) || before.is_retry();
        let place = before.place;
        let scope = options.scope;
        let done = match targets(&before, &options) {
            Some(targets) => {
                let revocation = Revocation::new(scope, targets);
                let cause = Cause::from(Reason::User).by(current);
                let revoked = self.guardian().revoke(revocation, cause).await;
                revoked
                    .inspect_err(|cause| tracing::error!(%cause, %scope, "the sign-out could not be carried out"))
                    .ok()
            }
            None => {
                tracing::error!(%scope, "the sign-out could not be carried out: it depends on the user, who is unknown");
                None
            }
        };

        let ended = done.as_ref().map(|(ended, _)| ended.as_slice());
        let browsers: Vec<_> = before
            .token
            .into_iter()
            .chain(before.unrevoked.clone())
            .collect();
        let (mut after, clears_data) = before.after_sign_out(ends_here, ended);
        if clears_data {
            // The handler may still hold the signed-out user's data.
            self.session().clear().await;
            let forgets = after.cookie == CookieChange::Remove && place == TokenPlace::Cookie;
            if done.is_some() && forgets {
                self.keep_visitor_data(&browsers, &mut after).await;
            }
        }
        *self.state() = after;

        let (ended, events) = done.ok_or(SignOutError::Unavailable {
            signed_out_here: ends_here && place == TokenPlace::Cookie,
        })?;
        Ok(self.signed_out(&options, ended, events))
    }

    /// What a sign-out with these options has done.
    pub(crate) fn signed_out(
        &self,
        options: &SignOutOptions,
        ended: Vec<SessionHandle>,
        events: Vec<String>,
    ) -> SignedOut {
        SignedOut {
            scope: options.scope,
            ended,
            events,
            url: options.redirect.then(|| {
                let callback_url = options.callback_url.as_deref();
                self.guardian().after_sign_out(callback_url).into()
            }),
        }
    }

    /// Makes a sign-out refer to the user whom its page has shown ([`mark_of`]). Returns whether nothing is left to do, because
    /// that user is not signed in on this browser. Otherwise the second half of a double click would sign out the
    /// account that is active after the first.
    pub(crate) fn has_signed_out_shown(&self, options: &mut SignOutOptions, shown: &str) -> bool {
        let state = self.state();
        let Current::SignedIn(active, others) = &state.current else {
            return false;
        };
        let is_explicit = options.session.is_some() || options.scope == SignOutScope::Browser;
        if is_explicit || mark_of(&active.user.id) == shown {
            return false;
        }
        let account = others
            .iter()
            .find(|account| mark_of(&account.user.id) == shown);
        options.session = account.map(|account| account.handle().clone());
        account.is_none()
    }

    /// Leaves the browser what is its visitor's, under a new token. The sign-out is carried out already, and
    /// holds if this fails.
    async fn keep_visitor_data(&self, browsers: &[TokenHash], after: &mut State) {
        match self.store().take_waiting(browsers).await {
            Ok(Some(kept)) => {
                after.token = Some(TokenHash::of(&kept.id));
                after.cookie = CookieChange::Set(kept.id);
                for (key, value) in kept.data {
                    // For a sign-in in the same request. The session is loaded, so nothing can fail.
                    let _ = self.session().insert_value(&key, value).await;
                }
            }
            Ok(None) => {}
            Err(cause) => tracing::error!(%cause, "what is the visitor's is lost after a sign-out"),
        }
    }

    /// Ends the user's sessions on all other browsers, for the app's own reason, and gives this
    /// browser a new token. Returns the sessions that ended. [`Transaction::sign_out_others`] does it
    /// together with the app's own statements.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
    /// fails; then nothing has ended.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, Reason, server::Auth};
    ///
    /// async fn after_password_change(auth: Auth) -> Result<String, AuthError> {
    ///     let ended = auth.sign_out_others(Reason::PasswordChange).await?;
    ///     Ok(format!("Signed out on {} other browsers", ended.len()))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(after_password_change);
    /// ```
    pub async fn sign_out_others(
        &self,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let mut transaction = self.guardian().begin().await?;
        let ended = transaction.sign_out_others(self, cause).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}

impl Transaction {
    /// Ends the user's sessions on all other browsers, and gives this browser a new token: a copy of the
    /// previous one is then useless (OWASP ASVS 5.0, 7.2.4). Returns the sessions that ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the database
    /// fails. Then drop the transaction.
    ///
    /// ```
    /// use leptos_guardian::{AuthError, Reason, server::Auth};
    ///
    /// async fn change_password(auth: &Auth) -> Result<(), AuthError> {
    ///     let mut transaction = auth.guardian().begin().await?;
    ///     // Here the app stores the new password.
    ///     transaction.sign_out_others(auth, Reason::PasswordChange).await?;
    ///     transaction.commit().await
    /// }
    /// ```
    pub async fn sign_out_others(
        &mut self,
        auth: &Auth,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let user = auth.require_user()?;
        let others = Target::UserExcept(user.id.clone(), user.session.clone());
        let revocation = Revocation::new(SignOutScope::Others, vec![others]);
        let cause = cause.into().by(Some(user.session.clone()));
        let ended = self.revoke(revocation, cause).await;
        let ended = ended.map_err(unavailable("the other sessions could not be ended"))?;
        // The result does not matter: the other sessions end even if this one has just ended.
        self.try_renew_token(auth).await?;
        Ok(ended)
    }
}

impl Guardian {
    /// Returns where a browser goes after a sign-out. A refused URL never stops the sign-out.
    fn after_sign_out(&self, callback_url: Option<&str>) -> SafeRedirect {
        let default = || self.0.after_sign_out_url.clone();
        let Some(url) = callback_url.filter(|url| !url.is_empty()) else {
            return default();
        };
        self.0.redirects.check(url).unwrap_or_else(|refused| {
            tracing::warn!(%refused, "a callback URL was refused; using the default");
            default()
        })
    }
}
