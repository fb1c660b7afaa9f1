//! Signing out: the rows first, then the cookie, then the answer.

use super::{Auth, CookieChange, Current, State, unavailable};
use crate::{
    AuthError, Reason, SessionHandle, SignOutError, SignOutOptions, SignOutScope, SignedOut,
    server::{
        Cause, Guardian,
        redirect::SafeRedirect,
        registry::{Condition, Ending, Own},
        token::TokenHash,
    },
};
use std::mem::take;

impl Auth {
    /// Signs out. Succeeds when there is nothing left to end, and answers success only
    /// after the commit.
    ///
    /// # Errors
    ///
    /// [`SignOutError::Unavailable`] when the database fails. If this browser was to be
    /// signed out its cookie is cleared all the same, and the same call may be made again.
    ///
    /// ```
    /// use axum::{http::StatusCode, response::Redirect};
    /// use leptos_guardian::{SignOutOptions, server::Auth};
    ///
    /// async fn sign_out(auth: Auth) -> Result<Redirect, StatusCode> {
    ///     let done = auth.sign_out(SignOutOptions::default()).await;
    ///     let done = done.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    ///     Ok(Redirect::to(done.url.as_deref().unwrap_or("/")))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(sign_out);
    /// ```
    pub async fn sign_out(&self, options: SignOutOptions) -> Result<SignedOut, SignOutError> {
        let before = self.state().clone();
        let here = match &before.current {
            Current::SignedIn(active, _) => Some(active.handle().clone()),
            Current::SignedOut | Current::Unknown => None,
        };
        let ends_here = options.ends(here.as_ref()) || before.is_retry();
        let scope = options.scope;
        let done = match conditions(&before, &options) {
            Some(conditions) => {
                let ending = Ending::new(scope, conditions);
                let cause = Cause::from(Reason::User).by(here);
                let done = self.guardian().end(&ending, &cause).await;
                done.inspect_err(|cause| {
                    tracing::error!(%cause, %scope, "the sign-out could not be carried out");
                })
                .ok()
            }
            None => {
                tracing::error!(%scope, "the sign-out is not tried: who it is cannot be told");
                None
            }
        };
        let ended = done.as_ref().map(|(ended, _)| ended.as_slice());
        self.note_outcome(before, ends_here, ended).await;
        let (ended, events) = done.ok_or(SignOutError::Unavailable {
            signed_out_here: ends_here,
        })?;
        Ok(SignedOut {
            scope,
            ended,
            events,
            url: options.redirect.then(|| {
                let callback_url = options.callback_url.as_deref();
                self.guardian().after_sign_out(callback_url).into()
            }),
        })
    }

    /// What the request knows after a sign-out, and what becomes of the cookie. `ended` is what
    /// ended, if it could be carried out.
    async fn note_outcome(&self, before: State, ends_here: bool, ended: Option<&[SessionHandle]>) {
        let mut left = before.current.accounts();
        let active = left.first().map(|active| active.handle().clone());
        left.retain(|account| !ended.unwrap_or_default().contains(account.handle()));
        // Also when it had been ended already, elsewhere.
        if ends_here {
            left.retain(|account| Some(account.handle()) != active.as_ref());
        }
        let stays_signed_in = ended.is_some() && !left.is_empty();
        let is_over_here = left.first().map(|first| first.handle()) != active.as_ref();
        if !ends_here && !is_over_here {
            if stays_signed_in {
                self.state().current = Current::of(left);
            }
            return;
        }
        // Whatever the answer: what the handler still holds is no longer theirs.
        self.session().clear().await;
        let mut state = self.state();
        state.is_leaving = false;
        state.ending = match ended {
            Some(_) => Vec::new(),
            None => before.ending,
        };
        if stays_signed_in {
            state.current = Current::of(left);
        } else {
            state.current = Current::SignedOut;
            state.cookie = CookieChange::Remove;
            let own = state
                .token
                .take()
                .into_iter()
                .chain(take(&mut state.contested));
            let own: Vec<TokenHash> = own.collect();
            if ended.is_none() {
                // First: the cookie forgets the oldest when there are too many.
                state.ending.splice(..0, own);
            }
        }
    }

    /// Ends the signed-in user's sessions on all other browsers, for a reason of the app's, and
    /// gives this one a new token. Returns what ended. [`Guardian::begin`] does it together with the
    /// app's own statements.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the
    /// database fails; then nothing has ended.
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use leptos_guardian::{Reason, server::Auth};
    ///
    /// async fn after_password_change(auth: Auth) -> Result<String, StatusCode> {
    ///     let ended = auth.sign_out_others(Reason::PasswordChange).await;
    ///     let ended = ended.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    ///     Ok(format!("Signed out on {} other browsers", ended.len()))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::post(after_password_change);
    /// ```
    pub async fn sign_out_others(
        &self,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let failed = || unavailable("the other sessions could not be ended");
        let mut transaction = self.guardian().begin().await.map_err(failed())?;
        let ended = transaction.sign_out_others(self, cause).await?;
        transaction.commit().await.map_err(failed())?;
        Ok(ended)
    }
}

/// Which sessions a browser's sign-out ends; `None` when that cannot be told.
fn conditions(before: &State, options: &SignOutOptions) -> Option<Vec<Condition>> {
    let tokens = before.tokens();
    let (user, abandoned) = match &before.current {
        Current::SignedIn(active, _) => (Some(&active.user), before.ending.clone()),
        Current::SignedOut | Current::Unknown => (None, tokens.clone()),
    };
    let mut conditions = Vec::new();
    let own = options.session.clone().map(|session| Own {
        session,
        user_id: user.map(|user| user.id.clone()),
        tokens: tokens.clone(),
    });
    let is_others = options.scope == SignOutScope::Others;
    if before.is_unknown() && (own.is_some() || is_others) {
        return None;
    }
    match (own, options.scope) {
        // Nobody, and nothing to be anybody by.
        (Some(own), _) if own.tokens.is_empty() => {}
        (Some(own), SignOutScope::Local) => conditions.push(Condition::OwnSession(own)),
        (Some(own), SignOutScope::Global | SignOutScope::Others) => {
            conditions.push(Condition::UserOfOwnSession {
                own,
                spares_it: is_others,
            });
        }
        (None, SignOutScope::Local) => {
            conditions.extend(user.map(|user| Condition::Session(user.session.clone())));
        }
        (_, SignOutScope::Browser) => {
            // By their handles, too: a sign-in may be giving the browser a new token.
            for account in before.current.clone().accounts() {
                conditions.push(Condition::Session(account.handle().clone()));
            }
            conditions.extend(before.token.map(|token| Condition::Browsers(vec![token])));
        }
        (None, SignOutScope::Others) => {
            let others =
                user.map(|user| Condition::UserExcept(user.id.clone(), user.session.clone()));
            conditions.extend(others);
        }
        (None, SignOutScope::Global) => {
            conditions.extend(user.map(|user| Condition::User(user.id.clone())));
            if !abandoned.is_empty() {
                conditions.push(Condition::ActiveUsersOf(abandoned.clone()));
            }
        }
    }
    // What is still to be ended has no say about the others. A retry by handle ends it all: with
    // the token that was given up, its other accounts are lost, too.
    let ends_abandoned = options.session.is_none() || before.is_retry();
    if !abandoned.is_empty() && !is_others && ends_abandoned {
        conditions.push(Condition::Browsers(abandoned));
    }
    Some(conditions)
}

impl Guardian {
    /// Where a browser goes after a sign-out. A bad address never stops one.
    fn after_sign_out(&self, callback_url: Option<&str>) -> SafeRedirect {
        let default = || self.0.after_sign_out_url.clone();
        let Some(address) = callback_url.filter(|address| !address.is_empty()) else {
            return default();
        };
        self.0.redirects.check(address).unwrap_or_else(|refused| {
            tracing::warn!(%refused, "a callback URL was refused; using the default");
            default()
        })
    }
}
