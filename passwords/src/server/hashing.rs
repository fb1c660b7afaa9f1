//! Passwords: Argon2id, off the threads that serve requests, a bounded number at once.

use super::weak_passwords::is_weak;
use crate::PasswordError;
use argon2::{
    Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{SaltString, rand_core::OsRng},
};
use std::{ops::RangeInclusive, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use unicode_normalization::UnicodeNormalization as _;

/// Shorter ones are guessed, longer ones only cost time
/// ([NIST SP 800-63B-4, section 3.1.1.2](https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver)).
const LENGTH: RangeInclusive<usize> = 8..=256;

/// How long a hash waits for a permit. In a flood of sign-ins, a 503 is better than a queue that
/// nobody waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes and verifies. Each hash takes about 19 MiB and some tens of milliseconds of one
/// core (Argon2id with OWASP's parameters), so no more run at once than there are cores.
#[derive(Clone)]
pub(super) struct Hasher {
    permits: Arc<Semaphore>,
}

/// Random bytes in the form of a hash, to verify against when there is no account.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$NZBUvoFJmFiuZVEjw84yNA$R3XIDFcDCb+/caf2GQuceBQTso4HDYLhDv9Ngi7ySvs";

impl Hasher {
    pub(super) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Hashes a new password, unless it is easy to guess for somebody who knows these words.
    pub(super) async fn hash(
        &self,
        password: &str,
        known_words: &[&str],
    ) -> Result<String, PasswordError> {
        let password = normalize(password);
        let known_words: Vec<String> = known_words.iter().map(|word| word.to_lowercase()).collect();
        let hashed = self.with_permit(move || {
            let is_strong = !is_weak(&password, &known_words);
            is_strong.then(|| hash(&password)).transpose()
        });
        hashed.await?.ok_or(PasswordError::Weak)
    }

    /// Whether the password matches the hash. Without a hash it returns `false`, after the same
    /// work.
    ///
    /// Accounts that are older than [`normalize`] have a hash of what was typed. That is tried
    /// second if it differs, for every account.
    pub(super) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let has_account = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODYS_HASH.into());
        let matches = self
            .with_permit(move || {
                let stored = PasswordHash::new(&stored)?;
                let normal = normalize(&password);
                Ok(matches(&normal, &stored)?
                    || (normal != password && matches(&password, &stored)?))
            })
            .await?;
        Ok(matches && has_account)
    }

    async fn with_permit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            tracing::warn!("too many password hashes are waiting");
            return Err(PasswordError::Unavailable);
        };
        let done = spawn_blocking(move || {
            // Held by the work, not by the request: a client that gives up must not free the permit
            // early.
            let _permit = permit;
            work()
        });
        match done.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(cause)) => {
                tracing::error!(%cause, "a password could not be hashed or verified");
                Err(PasswordError::Unavailable)
            }
            Err(cause) => {
                tracing::error!(%cause, "hashing a password panicked");
                Err(PasswordError::Unavailable)
            }
        }
    }
}

/// Checks the length of a new password, in characters.
pub(super) fn check_length(password: &str) -> Result<(), PasswordError> {
    let normal = normalize(password).chars().count();
    // One typed character may become many, which makes nothing harder to guess.
    let shortest = normal.min(password.chars().count());
    if LENGTH.contains(&normal) && LENGTH.contains(&shortest) {
        Ok(())
    } else {
        Err(PasswordError::Length)
    }
}

/// The normal form of a password: keyboards and systems compose accents differently
/// (NIST SP 800-63B-4, section 3.1.1.2, asks for a normal form; this is NFKC).
fn normalize(password: &str) -> String {
    password.nfkc().collect()
}

fn matches(password: &str, stored: &PasswordHash<'_>) -> argon2::password_hash::Result<bool> {
    match Argon2::default().verify_password(password.as_bytes(), stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(cause) => Err(cause),
    }
}

fn hash(password: &str) -> argon2::password_hash::Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the time would say which accounts exist.
    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let anybodys = hash("a password").expect("a hash");
        let [nobodys, anybodys] =
            [NOBODYS_HASH, &anybodys].map(|hash| PasswordHash::new(hash).expect("a hash"));
        assert_eq!(nobodys.algorithm, anybodys.algorithm);
        assert_eq!(nobodys.version, anybodys.version);
        assert_eq!(nobodys.params, anybodys.params);
        let lengths = [nobodys, anybodys].map(|it| it.hash.expect("its bytes").len());
        assert_eq!(lengths[0], lengths[1]);
    }
}
