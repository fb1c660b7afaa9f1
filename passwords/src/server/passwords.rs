use super::{
    Email,
    attempts::{Attempt, Attempts},
    hashing::{Hasher, check_length},
    known_browsers::{KnownBrowsers, forget},
};
use crate::PasswordError;
use leptos_guardian::{
    User,
    server::{Auth, Connection, Database, sqlx},
};

/// Hashes and checks passwords. Every check counts as an attempt, in the database, so that all
/// servers count together.
///
/// It has two tables, `app_attempt` and `app_known_browser`. The users, and their hashes, are in
/// the app's own.
///
/// ```no_run
/// use leptos_guardian::server::Auth;
/// use leptos_guardian_passwords::{PasswordError, server::{Credential, Email, Passwords}};
///
/// # struct Account { id: String, password_hash: String }
/// # async fn find(_: &Email) -> Option<Account> { None }
/// /// The account with this address, if this is its password.
/// async fn check(
///     passwords: &Passwords,
///     auth: &Auth,
///     email: &str,
///     password: String,
/// ) -> Result<Option<Account>, PasswordError> {
///     let email = Email::parse(email)?;
///     let account = find(&email).await;
///     let credential = account.as_ref().map(|account| Credential {
///         user_id: &account.id,
///         password_hash: &account.password_hash,
///     });
///     let is_right = passwords.check_sign_in(auth, &email, credential, password).await?;
///     Ok(account.filter(|_| is_right))
/// }
/// ```
#[derive(Clone)]
pub struct Passwords {
    hasher: Hasher,
    attempts: Attempts,
    known_browsers: KnownBrowsers,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// What the app's table says about an account.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// What [`Passwords::hash`] has returned.
    pub password_hash: &'a str,
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl Passwords {
    /// Creates the tables when they are missing, and moves older ones forward.
    /// `attempts_per_minute` bounds the sign-ups and the failed sign-ins from one network.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn new(database: Database, attempts_per_minute: u32) -> Result<Self, sqlx::Error> {
        Ok(Self {
            hasher: Hasher::new(),
            attempts: Attempts::new(database.clone(), attempts_per_minute).await?,
            known_browsers: KnownBrowsers::new(database).await?,
        })
    }

    /// Checks the length of a new password: 8 to 256 characters.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Length`].
    pub fn check_length(password: &str) -> Result<(), PasswordError> {
        check_length(password)
    }

    /// Counts a sign-up, for its network.
    ///
    /// # Errors
    ///
    /// [`PasswordError::TooManyAttempts`], or [`PasswordError::Unavailable`].
    pub async fn count_sign_up(&self, auth: &Auth) -> Result<(), PasswordError> {
        self.attempts.count_sign_up(auth).await
    }

    /// Hashes a new password, unless it is easy to guess for somebody who knows these words: the
    /// user's name and address, the app's name.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Weak`], or [`PasswordError::Unavailable`] if too many hashes wait.
    pub async fn hash(
        &self,
        password: &str,
        known_words: &[&str],
    ) -> Result<String, PasswordError> {
        self.hasher.hash(password, known_words).await
    }

    /// Whether this is the password of the account with this address. Without an account it returns
    /// `false`, after the same work, so that neither the time nor the limits reveal whether there
    /// is one. A wrong password counts as an attempt.
    ///
    /// # Errors
    ///
    /// [`PasswordError::TooManyAttempts`], or [`PasswordError::Unavailable`].
    pub async fn check_sign_in(
        &self,
        auth: &Auth,
        email: &Email,
        account: Option<Credential<'_>>,
        password: String,
    ) -> Result<bool, PasswordError> {
        let user_id = account.map(|account| account.user_id);
        let browser = self.known_browsers.find(auth, user_id).await?;
        let browser = browser.as_ref().map(|browser| browser.token_hash.as_str());
        let attempts = &self.attempts;
        let attempt = attempts.count_guess(auth, &email.canonical, browser);
        let attempt = attempt.await?;
        let hash = account.map(|account| account.password_hash.to_owned());
        let is_right = self.check(attempt, password, hash).await?;
        if let (true, Some(user_id)) = (is_right, user_id) {
            attempts.count_sign_in(auth, user_id).await?;
        }
        Ok(is_right)
    }

    /// Whether this is the password of the signed-in user, whose hash is `password_hash`. A wrong
    /// one counts for the session.
    ///
    /// # Errors
    ///
    /// [`PasswordError::TooManyAttempts`], or [`PasswordError::Unavailable`].
    pub async fn confirm(
        &self,
        auth: &Auth,
        user: &User,
        password_hash: &str,
        password: String,
    ) -> Result<bool, PasswordError> {
        let attempt = self.attempts.count_confirmation(auth, user).await?;
        let hash = Some(password_hash.to_owned());
        self.check(attempt, password, hash).await
    }

    /// Makes this browser a known one of the account, after a sign-in: it has its own attempts,
    /// whatever strangers do. A failure is only logged, because the user is signed in anyway. An app without
    /// cookies is never known.
    pub async fn remember_browser(&self, auth: &Auth, user_id: &str) {
        if auth.is_app() {
            return;
        }
        // `remember` has logged the cause.
        let _ = self.known_browsers.remember(auth, user_id).await;
    }

    /// Forgets the known browsers of an account, within the transaction that changes its password
    /// or deletes it. One of them may belong to somebody who knew the old password.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn forget_browsers(
        connection: Connection<'_>,
        user_id: &str,
    ) -> Result<(), sqlx::Error> {
        forget(connection, user_id).await
    }

    async fn check(
        &self,
        attempt: Attempt,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        match self.hasher.verify(password, hash).await {
            Ok(true) => attempt.succeed().await.map(|()| true),
            Ok(false) => Ok(false),
            Err(failure) => {
                // The first failure is the one to report. The attempt is forgotten in time anyway.
                let _ = attempt.cancel().await;
                Err(failure)
            }
        }
    }
}
