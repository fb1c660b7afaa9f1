//! The rules of sign-up, sign-in, confirmation, changes of the account and its deletion, in the order in which
//! they apply.

use super::{
    Context,
    users::{self, Account, unavailable},
};
use crate::{FormError, NAME, api::RECENT};
use leptos_guardian::{
    Profile, Reason, SignOutOptions, User,
    server::{Identity, Remember, is_form_post},
};
use leptos_guardian_passwords::{
    is_remembered,
    server::{Credential, Email, Passwords, is_visible},
};
use std::sync::Arc;

const NAME_LENGTH: usize = 100;

/// How users prove who they are, as the list of sessions shows it.
const PASSWORD: &str = "password";

/// What a sign-in gives the client.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    /// Whether it stays signed in.
    pub(crate) is_remembered: bool,
    /// Whether it is an app or a script, which keeps a token instead of a cookie.
    pub(crate) gets_token: bool,
}

impl Client {
    /// What a form or a script has asked for, as in [`sign_up`](crate::api::sign_up).
    pub(crate) fn of_form(remember: Option<bool>, offers_remember: bool, token: bool) -> Self {
        Self {
            is_remembered: is_remembered(remember, offers_remember),
            gets_token: token,
        }
    }

    /// A browser would throw the token of a plain form away.
    fn check(self) -> Result<(), FormError> {
        let is_kept = !self.gets_token || !is_form_post();
        is_kept.then_some(()).ok_or(FormError::Malformed)
    }
}

pub(crate) async fn sign_up(
    context: &Context,
    name: &str,
    email: &str,
    password: String,
    client: Client,
) -> Result<Arc<User>, FormError> {
    client.check()?;
    let state = &context.state;
    let name = read_name(name)?;
    let email = Email::parse_new(email)?;
    Passwords::check_length(&password)?;
    state.passwords.count_sign_up(&context.auth).await?;
    let known_words = [&email.canonical, &name, NAME];
    let hash = state.passwords.hash(&password, &known_words).await?;
    let created = state
        .users
        .create(context.auth.guardian(), &email, &name, &hash)
        .await;
    let account = match created {
        // The form may have been sent twice, and the password is the account's.
        Err(FormError::EmailTaken) => {
            return match sign_in(context, &email.canonical, password, client).await {
                Err(FormError::WrongCredentials) => Err(FormError::EmailTaken),
                signed_in => signed_in,
            };
        }
        created => created?,
    };
    let user = begin_session(context, &account, client).await;
    match &user {
        Ok(_) => {
            let passwords = &state.passwords;
            passwords.remember_browser(&context.auth, &account.id).await;
        }
        // Without this, a second try would find the address taken.
        Err(_) => drop(delete(context, &account).await),
    }
    user
}

pub(crate) async fn sign_in(
    context: &Context,
    email: &str,
    password: String,
    client: Client,
) -> Result<Arc<User>, FormError> {
    client.check()?;
    let email = Email::parse(email)?;
    let Context { state, auth } = context;
    let account = state.users.by_email(&email).await?;
    let credential = account.as_ref().map(|account| Credential {
        user_id: &account.id,
        password_hash: &account.password_hash,
    });
    let is_right = state
        .passwords
        .check_sign_in(auth, &email, credential, password)
        .await?;
    let Some(account) = account.filter(|_| is_right) else {
        return Err(FormError::WrongCredentials);
    };
    let user = begin_session(context, &account, client).await?;
    // The password may have changed since it was checked. That change may have ended the other
    // sessions just before this one began.
    match state
        .users
        .is_password_unchanged(auth.guardian(), &account.id, &account.password_hash)
        .await
    {
        Ok(true) => {
            state.passwords.remember_browser(auth, &account.id).await;
            Ok(user)
        }
        not_confirmed => {
            let signed_out = auth.sign_out(SignOutOptions::default()).await;
            not_confirmed?;
            Err(signed_out.map_or(FormError::Unavailable, |_| FormError::WrongCredentials))
        }
    }
}

/// The signed-in user, once they have proved again who they are.
pub(crate) async fn confirm(context: &Context, password: String) -> Result<Arc<User>, FormError> {
    check_password(context, password, FormError::NotConfirmed).await?;
    context.auth.confirm(PASSWORD).await?;
    Ok(context.auth.require_user()?)
}

pub(crate) async fn change_email(context: &Context, email: &str) -> Result<(), FormError> {
    let Context { state, auth } = context;
    let user = auth.require_recent(RECENT)?;
    let email = Email::parse_new(email)?;
    // As a sign-up, it tells whether an address has an account.
    state.passwords.count_sign_up(auth).await?;
    let mut transaction = auth.guardian().begin().await?;
    users::set_email(transaction.connection(), &user.id, &email).await?;
    transaction.renew_token(auth).await?;
    transaction.commit().await?;
    let profile = user.profile.clone().email(&email.canonical);
    auth.guardian().update_profile(&user.id, &profile).await?;
    Ok(())
}

pub(crate) async fn change_password(
    context: &Context,
    current_password: String,
    password: String,
) -> Result<(), FormError> {
    Passwords::check_length(&password)?;
    let account = check_password(context, current_password, FormError::WrongPassword).await?;
    let known_words = [&account.email, &account.name, NAME];
    let hash = context
        .state
        .passwords
        .hash(&password, &known_words)
        .await?;
    // In one transaction: the new password and the end of the other sessions take effect together.
    let guardian = context.auth.guardian();
    let mut transaction = guardian.begin().await?;
    let is_changed = users::set_password(transaction.connection(), &account, &hash)
        .await
        .map_err(unavailable)?;
    if !is_changed {
        return Err(FormError::WrongPassword);
    }
    Passwords::forget_browsers(transaction.connection(), &account.id)
        .await
        .map_err(unavailable)?;
    transaction
        .sign_out_others(&context.auth, Reason::PasswordChange)
        .await?;
    transaction.confirm(&context.auth, PASSWORD).await?;
    transaction.commit().await?;
    let passwords = &context.state.passwords;
    passwords.remember_browser(&context.auth, &account.id).await;
    Ok(())
}

pub(crate) async fn delete_account(context: &Context, password: String) -> Result<(), FormError> {
    let account = check_password(context, password, FormError::NotDeleted).await?;
    delete(context, &account).await?;
    // Removes the cookie, or makes another account the active one. The sessions are gone already,
    // so a failure, which is logged, changes nothing.
    let _ = context.auth.sign_out(SignOutOptions::default()).await;
    Ok(())
}

/// Deletes an account together with its sessions.
async fn delete(context: &Context, account: &Account) -> Result<(), FormError> {
    let guardian = context.auth.guardian();
    let mut transaction = guardian.begin().await?;
    let is_deleted = users::delete(transaction.connection(), account)
        .await
        .map_err(unavailable)?;
    if !is_deleted {
        return Err(FormError::NotDeleted);
    }
    Passwords::forget_browsers(transaction.connection(), &account.id)
        .await
        .map_err(unavailable)?;
    transaction
        .sign_out_user(&account.id, Reason::AccountDeleted)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The signed-in user's account, if this is its password.
async fn check_password(
    context: &Context,
    password: String,
    wrong: FormError,
) -> Result<Account, FormError> {
    let user = context.auth.require_user()?;
    let account = context.state.users.by_id(&user.id).await?;
    let account = account.ok_or(FormError::SignedOut)?;
    let passwords = &context.state.passwords;
    match passwords
        .confirm(&context.auth, &user, &account.password_hash, password)
        .await?
    {
        true => Ok(account),
        false => Err(wrong),
    }
}

async fn begin_session(
    context: &Context,
    account: &Account,
    client: Client,
) -> Result<Arc<User>, FormError> {
    let profile = Profile::new(&account.name).email(&account.email);
    let mut identity = Identity::new(&account.id, profile).method(PASSWORD);
    if !client.is_remembered {
        identity = identity.remember(Remember::Browser);
    }
    if client.gets_token {
        identity = identity.app();
    }
    context.auth.sign_in(identity).await?;
    Ok(context.auth.require_user()?)
}

fn read_name(name: &str) -> Result<String, FormError> {
    let name = name.trim();
    let fits = (1..=NAME_LENGTH).contains(&name.chars().count());
    if fits && is_visible(name) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(FormError::Name)
    }
}
