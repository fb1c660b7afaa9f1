//! The server functions, and what can go wrong with their forms. A plain form gets a redirect,
//! everything else gets JSON.

use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{AuthError, CallFailure, ErrorStatus, http::StatusCode};
use leptos_guardian_passwords::{
    ErrorJson, FormFailure, PasswordError, SignInResponse, reject_unreadable,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a sign-in or a confirmation counts as recent (OWASP ASVS 5.0, 7.5.1 and 7.5.2). Then the app
/// asks for the password again before it changes the address or ends other sessions.
pub const RECENT: Duration = Duration::from_secs(10 * 60);

/// Creates an account and signs in. `remember`: whether this client stays signed in. `offers_remember`:
/// whether the form has a box for that; then it sends no `remember` if the box is not checked. `token`:
/// whether an app or a script gets a token instead of a cookie.
#[server(name = PostSignUp, prefix = "/api", endpoint = "/sign_up")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn sign_up(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    remember: Option<bool>,
    #[server(default)] offers_remember: bool,
    #[server(default)] token: bool,
    callback_url: Option<String>,
) -> Result<SignInResponse, FormError> {
    use crate::server::{Client, FormResponse, context, sign_up};
    let client = Client::of_form(remember, offers_remember, token);
    let result = sign_up(&context()?, &name, &email, password, client).await;
    FormResponse::to::<PostSignUp>()
        .on_success("/account")
        .callback_url(callback_url)
        .respond_to_sign_in(result)
}

/// Signs in. `remember`, `offers_remember` and `token` are those of [`sign_up`].
#[server(name = PostSignIn, prefix = "/api", endpoint = "/sign_in")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    remember: Option<bool>,
    #[server(default)] offers_remember: bool,
    #[server(default)] token: bool,
    callback_url: Option<String>,
) -> Result<SignInResponse, FormError> {
    use crate::server::{Client, FormResponse, context, sign_in};
    let client = Client::of_form(remember, offers_remember, token);
    let result = sign_in(&context()?, &email, password, client).await;
    FormResponse::to::<PostSignIn>()
        .on_success("/account")
        .callback_url(callback_url)
        .respond_to_sign_in(result)
}

/// Confirms who the signed-in user is.
#[server(name = PostConfirm, prefix = "/api", endpoint = "/confirm")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn confirm(
    #[server(default)] password: String,
    callback_url: Option<String>,
) -> Result<SignInResponse, FormError> {
    use crate::server::{FormResponse, confirm, context};
    let result = confirm(&context()?, password).await;
    FormResponse::to::<PostConfirm>()
        .on_success("/account")
        .callback_url(callback_url)
        .respond_to_sign_in(result)
}

/// Changes the signed-in user's e-mail address. Needs a recent proof of identity.
#[server(name = PostChangeEmail, prefix = "/api", endpoint = "/change_email")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn change_email(#[server(default)] email: String) -> Result<(), FormError> {
    use crate::server::{FormResponse, change_email, context};
    let result = change_email(&context()?, &email).await;
    FormResponse::to::<PostChangeEmail>()
        .on_success("/account")
        .respond(result)
}

/// Changes the signed-in user's password, and ends their other sessions.
#[server(name = PostChangePassword, prefix = "/api", endpoint = "/change_password")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] password: String,
) -> Result<(), FormError> {
    use crate::server::{FormResponse, change_password, context};
    let result = change_password(&context()?, current_password, password).await;
    FormResponse::to::<PostChangePassword>().respond(result)
}

/// Deletes the signed-in user's account, and ends all their sessions.
#[server(name = PostDeleteAccount, prefix = "/api", endpoint = "/delete_account")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn delete_account(#[server(default)] confirm_password: String) -> Result<(), FormError> {
    use crate::server::{FormResponse, context, delete_account};
    let result = delete_account(&context()?, confirm_password).await;
    FormResponse::to::<PostDeleteAccount>()
        .on_success("/sign-in")
        .respond(result)
}

/// Why a form was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum FormError {
    #[error("Please enter your name, with at most 100 characters.")]
    Name,
    #[error("Please enter an e-mail address, such as ada@example.com.")]
    Email,
    #[error("This e-mail address already has an account. Sign in instead.")]
    EmailTaken,
    #[error("The password must have 8 to 256 characters.")]
    Password,
    #[error(
        "This password is easy to guess. Several words that do not belong together are better."
    )]
    WeakPassword,
    #[error("The e-mail address or the password is wrong.")]
    WrongCredentials,
    #[error("The current password is wrong.")]
    WrongPassword,
    #[error("The password is wrong. Your account is not deleted.")]
    NotDeleted,
    #[error("The password is wrong.")]
    NotConfirmed,
    #[error(
        "Nothing is changed yet: this needs your password again. Confirm that it is you, then send the form once more."
    )]
    ConfirmationRequired,
    #[error("This browser already has {limit} accounts. Sign out of one of them first.")]
    TooManyAccounts {
        /// How many accounts fit.
        limit: usize,
    },
    #[error(
        "You are already signed in on as many devices as is allowed ({limit}). Sign out on one of them first."
    )]
    TooManySessions {
        /// How many are allowed.
        limit: usize,
    },
    #[error("Too many attempts. Please wait {retry_after} seconds and try again.")]
    TooManyAttempts {
        /// In seconds.
        retry_after: u64,
    },
    #[error("You are signed out. Please sign in first.")]
    SignedOut,
    #[error("The service is not available right now. Please try again.")]
    Unavailable,
    #[error("The form could not be understood.")]
    Malformed,
    #[error("A request has a token or a cookie, and never both.")]
    TokenBesideCookie,
    #[error("The form is too large.")]
    TooLarge,
    #[error("The form was sent in a way that is not understood.")]
    UnsupportedMediaType,
}

impl FormFailure for FormError {
    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Name => Some("name"),
            Self::Email | Self::EmailTaken | Self::WrongCredentials => Some("email"),
            Self::Password | Self::WeakPassword => Some("password"),
            Self::WrongPassword => Some("current_password"),
            Self::NotDeleted => Some("confirm_password"),
            Self::NotConfirmed => Some("password"),
            Self::TooManyAccounts { .. }
            | Self::TooManySessions { .. }
            | Self::TooManyAttempts { .. }
            | Self::ConfirmationRequired
            | Self::SignedOut
            | Self::Unavailable
            | Self::Malformed
            | Self::TokenBesideCookie
            | Self::TooLarge
            | Self::UnsupportedMediaType => None,
        }
    }

    fn page_of(form: &str) -> &'static str {
        match form {
            PostSignUp::PATH => "/sign-up",
            PostSignIn::PATH => "/sign-in",
            PostConfirm::PATH => "/confirm",
            PostChangeEmail::PATH => "/account/email",
            _ => "/account",
        }
    }

    fn confirm_page(&self) -> Option<&'static str> {
        matches!(self, Self::ConfirmationRequired).then(|| Self::page_of(PostConfirm::PATH))
    }
}

impl ErrorStatus for FormError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Name | Self::Email | Self::Password | Self::WeakPassword => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::EmailTaken | Self::TooManyAccounts { .. } | Self::TooManySessions { .. } => {
                StatusCode::CONFLICT
            }
            Self::WrongCredentials | Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::WrongPassword
            | Self::NotDeleted
            | Self::NotConfirmed
            | Self::ConfirmationRequired => StatusCode::FORBIDDEN,
            Self::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed | Self::TokenBesideCookie => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<AuthError> for FormError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::SignedOut => Self::SignedOut,
            AuthError::Malformed | AuthError::NoTokens => Self::Malformed,
            AuthError::TokenBesideCookie => Self::TokenBesideCookie,
            AuthError::TooLarge => Self::TooLarge,
            AuthError::UnsupportedMediaType => Self::UnsupportedMediaType,
            AuthError::ConfirmationRequired { .. } => Self::ConfirmationRequired,
            AuthError::TooManyAccounts { limit } => Self::TooManyAccounts { limit },
            AuthError::TooManySessions { limit } => Self::TooManySessions { limit },
            _ => Self::Unavailable,
        }
    }
}

impl From<PasswordError> for FormError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Email => Self::Email,
            PasswordError::Length => Self::Password,
            PasswordError::Weak => Self::WeakPassword,
            PasswordError::TooManyAttempts { retry_after } => Self::TooManyAttempts { retry_after },
            _ => Self::Unavailable,
        }
    }
}

impl FromServerFnError for FormError {
    type Encoder = ErrorJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        reject_unreadable(match error.into() {
            CallFailure::Malformed => Self::Malformed,
            CallFailure::TooLarge => Self::TooLarge,
            CallFailure::UnsupportedMediaType => Self::UnsupportedMediaType,
            _ => Self::Unavailable,
        })
    }
}
