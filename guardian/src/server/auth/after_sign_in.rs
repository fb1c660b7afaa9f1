//! Where a plain form leads after a sign-in.

use super::{Auth, CookieChange, Inner};
use crate::{
    query::to_query,
    server::{SafeRedirect, cookie_check::PATH},
};

impl Auth {
    /// Returns where the response to a plain form leads after [`sign_in`](Self::sign_in): through a check that
    /// the browser has kept the cookie, which then redirects to `target`. A browser that refuses the cookie gets
    /// a page that says why and what to do, and the log says it, too. Without the check, the browser would be
    /// back at the sign-in page without a word.
    ///
    /// Returns `target` itself where there is nothing to check: the request is an app's or a script's (its
    /// `Accept` does not name `text/html`), it came with the cookie already, or nobody has signed in with it.
    /// Also where the check cannot know: the cookie's path does not include `/guardian/`, the router is nested
    /// in another one, or `target` is too long to pass on.
    ///
    /// The check is one of the library's [routes](crate::server::Guardian::routes).
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::{AuthError, server::{Auth, Identity}};
    ///
    /// async fn sign_in(auth: Auth, identity: Identity) -> Result<Redirect, AuthError> {
    ///     auth.sign_in(identity).await?;
    ///     let home = auth.guardian().redirects().home();
    ///     Ok(Redirect::to(auth.after_sign_in(&home).as_str()))
    /// }
    /// ```
    #[must_use]
    pub fn after_sign_in(&self, target: &SafeRedirect) -> SafeRedirect {
        let Inner {
            guardian,
            presented,
            client,
            ..
        } = &*self.0;
        let is_new = !presented.has_token() && matches!(self.cookie_change(), CookieChange::Set(_));
        let can_know = !client.is_nested && guardian.0.cookies.reach(PATH);
        if !is_new || !can_know || !client.accepts_html || self.is_app() {
            return target.clone();
        }
        let query = to_query(&[("callback_url", Some(target.as_str()))]);
        let check = guardian.redirects().check(&format!("{PATH}?{query}"));
        check.unwrap_or_else(|_| target.clone())
    }
}
