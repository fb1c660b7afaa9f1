//! Signing out: the rows first, then the cookie, then the answer.

use super::{Auth, CookieChange, Current, State};
use crate::{
    AuthError, Reason, SessionHandle, SignOutError, SignOutOptions, SignedOut,
    server::{Guardian, redirect::SafeRedirect, registry::Ending},
};

impl Auth {
    /// Signs out. Succeeds when there is nothing left to end, and answers success only
    /// after the commit.
    ///
    /// # Errors
    ///
    /// [`SignOutError::Unavailable`] when the database fails. If this browser was to be
    /// signed out its cookie is cleared all the same, and the same call may be made again.
    pub async fn sign_out(&self, options: SignOutOptions) -> Result<SignedOut, SignOutError> {
        let scope = options.scope;
        let signs_out_here = scope.ends_this_session();
        // What is still to be ended has no say about the others.
        let tokens = if signs_out_here {
            self.tokens()
        } else {
            self.state().token.into_iter().collect()
        };
        let ended = match tokens.as_slice() {
            [] => Ok(Vec::new()),
            tokens => {
                let ending = Ending::Browser(tokens, scope);
                self.guardian().end(ending, Reason::User).await
            }
        };
        if signs_out_here {
            // Whatever the answer: what the handler still holds is no longer theirs.
            self.session().clear().await;
            let (ending, cookie) = match &ended {
                Ok(_) => (Vec::new(), CookieChange::Remove),
                Err(_) => (tokens.clone(), CookieChange::Surrender(tokens)),
            };
            self.change(State {
                current: Current::SignedOut,
                token: None,
                ending,
                cookie,
            });
        }
        match ended {
            Ok(ended) => Ok(SignedOut {
                scope,
                ended,
                url: options.redirect.then(|| {
                    let callback_url = options.callback_url.as_deref();
                    self.guardian().after_sign_out(callback_url).into()
                }),
            }),
            Err(cause) => {
                tracing::error!(%cause, %scope, "the sign-out could not be carried out");
                Err(SignOutError::Unavailable {
                    signed_out_here: signs_out_here,
                })
            }
        }
    }

    /// Ends the signed-in user's sessions on all other browsers, for a reason of the app's,
    /// such as [`Reason::PasswordChange`]. Answers what ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the
    /// database fails; then nothing has ended.
    pub async fn sign_out_others(&self, reason: Reason) -> Result<Vec<SessionHandle>, AuthError> {
        let user = self.require_user()?;
        let tokens = self.tokens();
        let others = Ending::UserExcept(&user.id, &tokens);
        self.guardian().end(others, reason).await.map_err(|cause| {
            tracing::error!(%cause, "the other sessions could not be ended");
            AuthError::Unavailable
        })
    }
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
