//! The server functions: POST with form fields. A plain form gets a redirect, everything else gets
//! JSON.

use crate::FormError;
use leptos::prelude::*;
use leptos_guardian::User;
use serde::{Deserialize, Serialize};

/// The JSON response to a sign-up or a sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInResponse {
    pub user: User,
    /// Where to go next: a checked URL.
    pub url: String,
}

/// Creates an account and signs in.
#[server(name = PostSignUp, prefix = "/api", endpoint = "/sign_up")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn sign_up(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    callback_url: Option<String>,
) -> Result<SignInResponse, FormError> {
    use crate::server::{FormResponse, context, sign_up};
    let context = context()?;
    let result = sign_up(&context, &name, &email, password).await;
    FormResponse::to::<PostSignUp>("/sign-up")
        .callback_url(callback_url)
        .input(name, email)
        .respond_to_sign_in(&context, result)
}

/// Signs in.
#[server(name = PostSignIn, prefix = "/api", endpoint = "/sign_in")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    callback_url: Option<String>,
) -> Result<SignInResponse, FormError> {
    use crate::server::{FormResponse, context, sign_in};
    let context = context()?;
    let result = sign_in(&context, &email, password).await;
    FormResponse::to::<PostSignIn>("/sign-in")
        .callback_url(callback_url)
        .input(String::new(), email)
        .respond_to_sign_in(&context, result)
}

/// Changes the signed-in user's password, and ends their other sessions.
#[server(name = PostChangePassword, prefix = "/api", endpoint = "/change_password")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] password: String,
) -> Result<(), FormError> {
    use crate::server::{FormResponse, change_password, context};
    let context = context()?;
    let result = change_password(&context, current_password, password).await;
    FormResponse::to::<PostChangePassword>("/account").respond(&context, result)
}

/// Deletes the signed-in user's account, and ends all their sessions.
#[server(name = PostDeleteAccount, prefix = "/api", endpoint = "/delete_account")]
#[middleware(leptos_guardian::server::strict_form::<Self>())]
pub async fn delete_account(#[server(default)] confirm_password: String) -> Result<(), FormError> {
    use crate::server::{FormResponse, context, delete_account};
    let context = context()?;
    let result = delete_account(&context, confirm_password).await;
    let page = if result.is_ok() { "/" } else { "/account" };
    FormResponse::to::<PostDeleteAccount>(page).respond(&context, result)
}
