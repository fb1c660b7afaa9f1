//! Sign-up, sign-in, change of password, deletion: the rules, in the order in which they apply.

use super::{
    Context,
    users::{self, Account, unavailable},
};
use crate::FormError;
use leptos_guardian::{Profile, Reason, SignOutOptions, User, server::Identity};
use std::sync::Arc;

pub(super) const NAME_LENGTH: usize = 100;

/// The longest address that mail can be sent to
/// ([RFC 5321, section 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3)).
pub(super) const EMAIL_LENGTH: usize = 254;

/// Shorter ones are guessed, longer ones only cost time.
const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=256;

pub(crate) async fn sign_up(
    context: &Context,
    name: &str,
    email: &str,
    password: String,
) -> Result<Arc<User>, FormError> {
    let name = read_name(name)?;
    let email = read_email(email)?;
    check_password(&password)?;
    context.state.attempts.check_address(&context.auth)?;
    let hash = context.state.passwords.hash(password).await?;
    let account = context.state.users.create(&email, &name, &hash).await?;
    let begun = begin_session(context, &account).await;
    if begun.is_err() {
        // Who sends the form once more is not to hear that the address is taken.
        let _ = delete(context, &account).await;
    }
    begun
}

pub(crate) async fn sign_in(
    context: &Context,
    email: &str,
    password: String,
) -> Result<Arc<User>, FormError> {
    let email = read_email(email)?;
    context.state.attempts.check_address(&context.auth)?;
    context.state.attempts.check_account(&email)?;
    let account = context.state.users.by_email(&email).await?;
    // An unknown address costs the same work, so that the time does not tell.
    let hash = account
        .as_ref()
        .map(|account| account.password_hash.clone());
    let is_right = context.state.passwords.verify(password, hash).await?;
    let Some(account) = account.filter(|_| is_right) else {
        return Err(FormError::WrongCredentials);
    };
    let user = begin_session(context, &account).await?;
    // A password that was changed while it was being checked: its change may have ended the
    // other sessions just before this one began.
    let users = &context.state.users;
    match users.still_has(&account.id, &account.password_hash).await {
        Ok(true) => Ok(user),
        not_confirmed => {
            let signed_out = context.auth.sign_out(SignOutOptions::default()).await;
            not_confirmed?;
            Err(signed_out.map_or(FormError::Unavailable, |_| FormError::WrongCredentials))
        }
    }
}

pub(crate) async fn change_password(
    context: &Context,
    current_password: String,
    password: String,
) -> Result<(), FormError> {
    check_password(&password)?;
    let account = confirm(context, current_password, FormError::WrongPassword).await?;
    let hash = context.state.passwords.hash(password).await?;
    // Together: whoever knew the old password is out as soon as it is changed.
    let guardian = context.auth.guardian();
    let mut transaction = guardian.begin().await.map_err(unavailable)?;
    let is_changed = users::set_password(transaction.connection(), &account, &hash)
        .await
        .map_err(unavailable)?;
    if !is_changed {
        return Err(FormError::WrongPassword);
    }
    transaction
        .sign_out_others(&context.auth, Reason::PasswordChange)
        .await?;
    transaction.commit().await.map_err(unavailable)
}

pub(crate) async fn delete_account(context: &Context, password: String) -> Result<(), FormError> {
    let account = confirm(context, password, FormError::NotDeleted).await?;
    delete(context, &account).await?;
    // The cookie goes, or another account becomes the active one. Nothing is left to end, so a
    // failure, which the log has, takes nothing back.
    let _ = context.auth.sign_out(SignOutOptions::default()).await;
    Ok(())
}

/// Deletes an account together with its sessions.
async fn delete(context: &Context, account: &Account) -> Result<(), FormError> {
    let guardian = context.auth.guardian();
    let mut transaction = guardian.begin().await.map_err(unavailable)?;
    let is_deleted = users::delete(transaction.connection(), account)
        .await
        .map_err(unavailable)?;
    if !is_deleted {
        return Err(FormError::NotDeleted);
    }
    transaction
        .sign_out_user(&account.id, Reason::AccountDeleted)
        .await
        .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)
}

/// The signed-in user's account, if this is its password.
async fn confirm(
    context: &Context,
    password: String,
    wrong: FormError,
) -> Result<Account, FormError> {
    let user = context.auth.require_user()?;
    let account = context.state.users.by_id(&user.id).await?;
    let account = account.ok_or(FormError::SignedOut)?;
    context.state.attempts.check_account(&account.email)?;
    let hash = Some(account.password_hash.clone());
    match context.state.passwords.verify(password, hash).await? {
        true => Ok(account),
        false => Err(wrong),
    }
}

async fn begin_session(context: &Context, account: &Account) -> Result<Arc<User>, FormError> {
    let identity = Identity {
        user_id: account.id.clone(),
        profile: Profile {
            name: account.name.clone(),
            email: Some(account.email.clone()),
            picture: None,
        },
        method: "password".into(),
    };
    context.auth.sign_in(identity).await?;
    Ok(context.auth.require_user()?)
}

fn read_name(name: &str) -> Result<String, FormError> {
    let name = name.trim();
    let fits = (1..=NAME_LENGTH).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(FormError::Name)
    }
}

/// Accepts what can be an address and leaves the rest to a confirmation mail. Case is
/// folded, so that one person has one account.
fn read_email(email: &str) -> Result<String, FormError> {
    let email = fold_email(email);
    let has_parts = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    let is_plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if has_parts && is_plain && email.len() <= EMAIL_LENGTH {
        Ok(email)
    } else {
        Err(FormError::Email)
    }
}

/// The form in which addresses are kept.
pub(super) fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn check_password(password: &str) -> Result<(), FormError> {
    if PASSWORD_LENGTH.contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(FormError::Password)
    }
}
