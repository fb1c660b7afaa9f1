//! The responses of the app's server functions: a redirect for a plain form, JSON for a script.

use super::{
    Context,
    flash::{Outcome, leave_flash},
};
use crate::{FormError, api::SignInResponse};
use leptos::server_fn::ServerFn;
use leptos_guardian::{
    User,
    server::{SafeRedirect, is_form_post, see_other},
    with_status,
};
use std::sync::Arc;

/// Where a sign-in leads without a callback URL.
const HOME: &str = "/account";

/// The response to one form.
pub(crate) struct FormResponse {
    form: &'static str,
    page: &'static str,
    callback_url: Option<String>,
    name: String,
    email: String,
}

impl FormResponse {
    /// A response to the form of the server function `F`. A plain form is redirected to `page`, but
    /// a sign-in that succeeds is redirected to its callback URL.
    pub(crate) fn to<F: ServerFn>(page: &'static str) -> Self {
        Self {
            form: F::PATH,
            page,
            callback_url: None,
            name: String::new(),
            email: String::new(),
        }
    }

    /// Where a sign-in that succeeds leads.
    pub(crate) fn callback_url(mut self, callback_url: Option<String>) -> Self {
        self.callback_url = callback_url.filter(|url| !url.is_empty());
        self
    }

    /// What was typed, for the fields of a form that is not accepted.
    pub(crate) fn input(mut self, name: String, email: String) -> Self {
        self.name = name;
        self.email = email;
        self
    }

    /// Responds to a sign-up or a sign-in.
    pub(crate) fn respond_to_sign_in(
        self,
        context: &Context,
        result: Result<Arc<User>, FormError>,
    ) -> Result<SignInResponse, FormError> {
        let target = self.target(context);
        match result {
            Ok(user) => {
                if is_form_post() {
                    see_other(&target);
                }
                Ok(SignInResponse {
                    user: (*user).clone(),
                    url: target.into(),
                })
            }
            Err(error) => self.respond(context, Err(error)),
        }
    }

    /// Redirects a plain form to its page, with a flash message. A script gets the result as JSON.
    pub(crate) fn respond<T>(
        self,
        context: &Context,
        result: Result<T, FormError>,
    ) -> Result<T, FormError> {
        if !is_form_post() {
            return result.map_err(with_status);
        }
        leave_flash(Outcome {
            form: self.form.to_owned(),
            error: result.as_ref().err().cloned(),
            name: self.name,
            email: self.email,
        });
        let redirects = context.auth.guardian().redirects();
        if let Ok(page) = redirects.check_page(self.page, self.callback_url.as_deref()) {
            see_other(&page);
        }
        result
    }

    /// The callback URL if it is allowed, otherwise [`HOME`].
    fn target(&self, context: &Context) -> SafeRedirect {
        let redirects = context.auth.guardian().redirects();
        let target = redirects.check(self.callback_url.as_deref().unwrap_or(HOME));
        target.unwrap_or_else(|refused| {
            tracing::warn!(%refused, "a callback URL was refused; using the default");
            let home = redirects.check(HOME);
            home.expect("a constant path on this site is allowed")
        })
    }
}
