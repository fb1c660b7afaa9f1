//! How the app's server functions answer: a form with a redirect, a script with JSON.

use super::{Context, flash::leave_flash};
use crate::{FormError, api::Welcome, flash::Flash};
use leptos_guardian::{
    User,
    server::{SafeRedirect, is_form_post, see_other},
    with_status,
};
use std::fmt::Write as _;

/// Where people land who came from nowhere in particular.
const HOME: &str = "/account";

/// The answer to one form.
pub(crate) struct Answer {
    page: &'static str,
    callback_url: Option<String>,
    name: String,
    email: String,
}

impl Answer {
    /// An answer to the form on `page`.
    pub(crate) fn at(page: &'static str, callback_url: Option<String>) -> Self {
        Self {
            page,
            callback_url: callback_url.filter(|url| !url.is_empty()),
            name: String::new(),
            email: String::new(),
        }
    }

    /// What was typed, to be shown again when the form is not accepted.
    pub(crate) fn keeping(mut self, name: String, email: String) -> Self {
        self.name = name;
        self.email = email;
        self
    }

    /// Answers a sign-up or a sign-in.
    pub(crate) fn welcome(
        self,
        context: &Context,
        result: Result<User, FormError>,
    ) -> Result<Welcome, FormError> {
        let target = self.target(context);
        match result {
            Ok(user) => {
                if is_form_post() {
                    see_other(&target);
                }
                Ok(Welcome {
                    user,
                    url: target.into(),
                })
            }
            Err(error) => self.back(context, Err(error)),
        }
    }

    /// Leads back to the form's page, with a note of what happened.
    pub(crate) fn back<T>(
        self,
        context: &Context,
        result: Result<T, FormError>,
    ) -> Result<T, FormError> {
        if !is_form_post() {
            return result.map_err(with_status);
        }
        let mut page = self.page.to_owned();
        if self.callback_url.is_some() {
            let target = self.target(context);
            // Infallible for a String.
            let _ = write!(page, "?callback_url={}", percent_encoded(target.as_str()));
        }
        leave_flash(&Flash {
            error: result.as_ref().err().cloned(),
            name: self.name,
            email: self.email,
        });
        see_other(&checked(context, &page));
        result
    }

    /// The callback URL if it is allowed, else home.
    fn target(&self, context: &Context) -> SafeRedirect {
        checked(context, self.callback_url.as_deref().unwrap_or(HOME))
    }
}

fn checked(context: &Context, url: &str) -> SafeRedirect {
    let redirects = context.auth.guardian().redirects();
    redirects.check(url).unwrap_or_else(|refused| {
        tracing::warn!(%refused, "a callback URL was refused; using the default");
        redirects
            .check(HOME)
            .expect("a constant path on this site is allowed")
    })
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
