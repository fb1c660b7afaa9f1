use super::flash_cookie::{Outcome, leave_flash};
use crate::{FormFailure, SignInResponse};
use leptos::server_fn::ServerFn;
use leptos_guardian::{
    User,
    server::{Auth, Guardian, SafeRedirect, is_form_post, see_other},
    with_status,
};
use std::{marker::PhantomData, sync::Arc};

/// The response to one form: a redirect for a plain form, JSON for a script.
///
/// A form that is not accepted leads back to its page, which says why, with all fields as they were
/// typed except passwords.
///
/// ```
/// # use leptos_guardian::{ErrorStatus, http::StatusCode};
/// # use leptos_guardian_passwords::FormFailure;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
/// # #[error("Please enter a title.")]
/// # struct FormError;
/// # impl ErrorStatus for FormError {
/// #     fn status(&self) -> StatusCode {
/// #         StatusCode::UNPROCESSABLE_ENTITY
/// #     }
/// # }
/// # impl FormFailure for FormError {
/// #     fn field(&self) -> Option<&'static str> {
/// #         Some("title")
/// #     }
/// #     fn page_of(_form: &str) -> &'static str {
/// #         "/notes"
/// #     }
/// # }
/// # impl leptos::prelude::FromServerFnError for FormError {
/// #     type Encoder = leptos_guardian_passwords::ErrorJson;
/// #     fn from_server_fn_error(_: leptos::prelude::ServerFnErrorErr) -> Self {
/// #         leptos_guardian_passwords::reject_unreadable(Self)
/// #     }
/// # }
/// use leptos::prelude::*;
/// use leptos_guardian_passwords::server::FormResponse;
///
/// #[server(name = PostNote)]
/// #[middleware(leptos_guardian::server::strict_form::<Self>())]
/// async fn add_note(#[server(default)] title: String) -> Result<(), FormError> {
///     let result = if title.is_empty() { Err(FormError) } else { Ok(()) };
///     FormResponse::to::<PostNote>().respond(result)
/// }
/// ```
#[derive(Debug)]
pub struct FormResponse<E> {
    form: &'static str,
    success: &'static str,
    callback_url: Option<String>,
    error: PhantomData<fn() -> E>,
}

impl<E: FormFailure> FormResponse<E> {
    /// A response to the form of the server function `F`.
    pub fn to<F: ServerFn<Error = E>>() -> Self {
        Self {
            form: F::PATH,
            success: E::page_of(F::PATH),
            callback_url: None,
            error: PhantomData,
        }
    }

    /// Where an accepted form leads: its own page unless set.
    #[must_use]
    pub fn on_success(mut self, page: &'static str) -> Self {
        self.success = page;
        self
    }

    /// Where a sign-in leads instead, if the URL is allowed. A form that is not accepted passes it
    /// on.
    #[must_use]
    pub fn callback_url(mut self, callback_url: Option<String>) -> Self {
        self.callback_url = callback_url.filter(|url| !url.is_empty());
        self
    }

    /// Responds to a sign-up or a sign-in. A plain form leads through a check that the browser has kept the
    /// cookie: see [`Auth::after_sign_in`].
    ///
    /// # Errors
    ///
    /// The error of `result`, for a script.
    pub fn respond_to_sign_in(self, result: Result<Arc<User>, E>) -> Result<SignInResponse, E> {
        match (result, Auth::from_context()) {
            (Ok(user), Some(auth)) => {
                let target = self.target(auth.guardian());
                if is_form_post() {
                    see_other(&auth.after_sign_in(&target));
                }
                Ok(SignInResponse {
                    user: (*user).clone(),
                    url: target.into(),
                })
            }
            (Ok(user), None) => Ok(SignInResponse {
                user: (*user).clone(),
                url: self.success.to_owned(),
            }),
            (Err(error), _) => self.respond(Err(error)),
        }
    }

    /// Redirects a plain form, with a flash message for the next page. A script gets the result as
    /// JSON.
    ///
    /// # Errors
    ///
    /// The error of `result`, for a script.
    pub fn respond<T>(self, result: Result<T, E>) -> Result<T, E> {
        let (true, Some(auth)) = (is_form_post(), Auth::from_context()) else {
            return result.map_err(with_status);
        };
        let error = result.as_ref().err();
        let own_page = E::page_of(self.form);
        let (page, callback_url) = match (error, error.and_then(E::confirm_page)) {
            (_, Some(page)) => (page, Some(own_page)),
            (Some(_), None) => (own_page, self.callback_url.as_deref()),
            (None, None) => (self.success, self.callback_url.as_deref()),
        };
        leave_flash(Outcome::new(self.form, error.cloned()));
        let redirects = auth.guardian().redirects();
        if let Ok(page) = redirects.check_page(page, callback_url) {
            see_other(&page);
        }
        result
    }

    /// The callback URL if it is allowed, otherwise the page for success.
    fn target(&self, guardian: &Guardian) -> SafeRedirect {
        let redirects = guardian.redirects();
        let target = redirects.check(self.callback_url.as_deref().unwrap_or(self.success));
        target.unwrap_or_else(|refused| {
            tracing::warn!(%refused, "a callback URL was refused; using the default");
            let home = redirects.check(self.success);
            home.expect("a constant path on this site is allowed")
        })
    }
}
