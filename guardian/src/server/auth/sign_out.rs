//! Signing out: the rows first, then the cookie, then the answer.

use super::{Auth, CookieChange, Current};
use crate::{
    Reason, SignOutError, SignOutOptions, SignedOut,
    server::{Guardian, redirect::SafeRedirect, registry::Ending, token::TokenHash},
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
        let presented = &self.0.presented;
        let token = presented
            .session
            .as_ref()
            .map(TokenHash::of)
            .or(presented.ending);
        let scope = options.scope;
        let signs_out_here = scope.ends_this_session();

        let ended = match &token {
            Some(token) => {
                self.guardian()
                    .end(Ending::Browser(token, scope), Reason::User)
                    .await
            }
            None => Ok(Vec::new()),
        };
        match (ended, token) {
            (Ok(ended), _) => {
                if signs_out_here {
                    self.change(Current::SignedOut, CookieChange::Remove);
                }
                let url = options.redirect.then(|| {
                    let callback_url = options.callback_url.as_deref();
                    self.guardian().after_sign_out(callback_url).into()
                });
                Ok(SignedOut { scope, ended, url })
            }
            (Err(cause), token) => {
                tracing::error!(%cause, %scope, "the sign-out could not be carried out");
                if let Some(token) = token.filter(|_| signs_out_here) {
                    self.change(Current::SignedOut, CookieChange::Surrender(token));
                }
                Err(SignOutError::Unavailable {
                    signed_out_here: signs_out_here,
                })
            }
        }
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
