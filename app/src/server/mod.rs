//! Server only: the rules of accounts, and the users' table.

mod accounts;
mod users;

pub(crate) use accounts::{
    Client, change_email, change_password, confirm, delete_account, sign_in, sign_up,
};
pub(crate) use leptos_guardian_passwords::server::FormResponse;

use crate::FormError;
use leptos::prelude::expect_context;
use leptos_guardian::{
    server::{Auth, Database},
    with_status,
};
use leptos_guardian_passwords::server::{Email, Passwords};
use users::Users;

/// What the server functions need. Created once, at the start.
#[derive(Clone)]
pub struct AppState {
    pub(crate) users: Users,
    pub(crate) passwords: Passwords,
}

impl AppState {
    /// Creates the app's tables when they are missing, and moves older ones forward.
    /// `attempts_per_minute` bounds the sign-ups and the failed sign-ins from one network.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn new(database: Database, attempts_per_minute: u32) -> Result<Self, sqlx::Error> {
        Ok(Self {
            users: Users::new(database.clone()).await?,
            passwords: Passwords::new(database, attempts_per_minute).await?,
        })
    }

    /// The id of the user with this e-mail address, for an administrator.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_id(&self, email: &str) -> Result<Option<String>, FormError> {
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let account = self.users.by_email(&email).await?;
        Ok(account.map(|account| account.id))
    }
}

/// What a server function works with: the app's state, and the session of the request.
pub(crate) struct Context {
    pub(crate) state: AppState,
    pub(crate) auth: Auth,
}

pub(crate) fn context() -> Result<Context, FormError> {
    let auth = Auth::from_context().ok_or_else(|| {
        tracing::error!("a server function is not behind Guardian::protect");
        with_status(FormError::Unavailable)
    })?;
    Ok(Context {
        state: expect_context(),
        auth,
    })
}
