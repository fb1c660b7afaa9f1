//! Passwords: Argon2id, off the threads that serve requests, a bounded number at once.

use crate::FormError;
use argon2::{
    Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{SaltString, rand_core::OsRng},
};
use std::{sync::Arc, thread::available_parallelism, time::Duration};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// How long a hash waits for its turn. A flood of sign-ins then gets an honest 503 instead
/// of a queue that nobody waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes and verifies. Each hash takes about 19 MiB and some tens of milliseconds of one
/// core (Argon2id with OWASP's parameters), so no more run at once than there are cores.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// A hash of no account's password, to verify against when there is no account.
    nobody: Arc<str>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            nobody: hash("nobody")
                .expect("the default parameters are valid")
                .into(),
        }
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, FormError> {
        self.in_turn(move || hash(&password)).await
    }

    /// Whether the password belongs to the hash. Without a hash the answer is no, after the
    /// same work.
    pub(crate) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, FormError> {
        let has_account = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let matches = self
            .in_turn(move || {
                let stored = PasswordHash::new(&stored)?;
                match Argon2::default().verify_password(password.as_bytes(), &stored) {
                    Ok(()) => Ok(true),
                    Err(argon2::password_hash::Error::Password) => Ok(false),
                    Err(cause) => Err(cause),
                }
            })
            .await?;
        Ok(matches && has_account)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
    ) -> Result<T, FormError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            tracing::warn!("too many password hashes are waiting");
            return Err(FormError::Unavailable);
        };
        let done = spawn_blocking(move || {
            // Held by the work, not by the request: who gives up must not let another one in.
            let _turn = turn;
            work()
        });
        match done.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(cause)) => {
                tracing::error!(%cause, "a password could not be hashed or verified");
                Err(FormError::Unavailable)
            }
            Err(cause) => {
                tracing::error!(%cause, "hashing a password panicked");
                Err(FormError::Unavailable)
            }
        }
    }
}

fn hash(password: &str) -> argon2::password_hash::Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}
