//! How long a session lives: what a sign-in asks for, what the session's row says, and what follows for the
//! browser's cookies.

use super::{Guardian, registry::LiveSession};
use crate::AuthError;
use std::time::Duration;

/// How long a browser stays signed in: [`Identity::remember`](super::Identity::remember).
///
/// ```
/// use leptos_guardian::server::Remember;
/// use std::time::Duration;
///
/// fn choice(is_checked: bool) -> Remember {
///     match is_checked {
///         true => Remember::For(Duration::from_secs(30 * 24 * 60 * 60)),
///         false => Remember::Browser,
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remember {
    /// Until the browser is closed. The cookie has no `Max-Age`, and the session ends after
    /// [an hour](super::Builder::browser_idle_timeout) without a request: a browser that restores its
    /// windows keeps such a cookie, too.
    Browser,
    /// For this long after the sign-in, at most [`max_age`](super::Builder::max_age). A session that is not
    /// used ends earlier, after [`idle_timeout`](super::Builder::idle_timeout).
    For(Duration),
}

/// How long one session lives, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Without a request; `None`: the guardian's limit.
    pub(crate) idle_seconds: Option<i64>,
    /// In any case; `None`: the guardian's limit.
    pub(crate) age_seconds: Option<i64>,
    /// Whether it outlives a restart of the browser.
    pub(crate) is_remembered: bool,
}

/// How long a browser keeps its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenLifetime {
    /// `None`: until the browser is closed.
    pub(crate) max_age: Option<Duration>,
    /// Whether some of its accounts end earlier, when the browser is closed. They also need the cookie
    /// [`STILL_OPEN`](super::cookie::STILL_OPEN).
    pub(crate) is_mixed: bool,
}

impl Guardian {
    /// Returns how long a sign-in's session lives.
    pub(crate) fn lifetime(&self, remember: Option<Remember>) -> Result<Lifetime, AuthError> {
        let longest = seconds(self.0.max_age);
        let (idle_seconds, age_seconds) = match remember {
            None => (None, None),
            Some(Remember::Browser) => {
                let shorter = self.0.browser_idle_timeout.min(self.0.idle_timeout);
                (Some(seconds(shorter)), None)
            }
            Some(Remember::For(age)) if (1..=longest).contains(&seconds(age)) => {
                (None, Some(seconds(age)))
            }
            Some(Remember::For(age)) => {
                tracing::error!(
                    ?age,
                    longest,
                    "a sign-in asks for a session of no time, or one that is longer than max_age"
                );
                let longest = self.0.max_age.as_secs();
                return Err(AuthError::InvalidLifetime { longest });
            }
        };
        Ok(Lifetime {
            idle_seconds,
            age_seconds,
            is_remembered: remember != Some(Remember::Browser),
        })
    }

    /// Returns when a session that is used `now` expires: by its idle limit or its age limit.
    pub(crate) fn expiry(&self, lifetime: &Lifetime, created_at: i64, now: i64) -> i64 {
        let idle_limit = now.saturating_add(self.idle_limit(lifetime));
        let age_limit = created_at.saturating_add(self.age_limit(lifetime));
        idle_limit.min(age_limit)
    }

    /// In seconds.
    pub(crate) fn idle_limit(&self, lifetime: &Lifetime) -> i64 {
        let limit = lifetime.idle_seconds;
        limit.unwrap_or_else(|| seconds(self.0.idle_timeout))
    }

    fn age_limit(&self, lifetime: &Lifetime) -> i64 {
        let limit = lifetime.age_seconds;
        limit.unwrap_or_else(|| seconds(self.0.max_age))
    }

    /// Returns how long the browser of these accounts keeps its token: as long as the account that is
    /// remembered longest. Without accounts, it is a visitor's.
    pub(crate) fn token_lifetime(&self, accounts: &[LiveSession]) -> TokenLifetime {
        if accounts.is_empty() {
            return TokenLifetime {
                max_age: Some(self.0.max_age),
                is_mixed: false,
            };
        }
        let now = self.0.clock.now();
        let age_left = |account: &LiveSession| {
            let age_limit = self.age_limit(&account.lifetime);
            let left = account.created_at.saturating_add(age_limit) - now;
            Duration::from_secs(u64::try_from(left).unwrap_or(0))
        };
        let remembered = accounts.iter().filter(|one| one.lifetime.is_remembered);
        TokenLifetime {
            max_age: remembered.map(age_left).max(),
            is_mixed: is_mixed(accounts.iter().map(|account| &account.lifetime)),
        }
    }
}

/// Whether a browser has accounts that outlive its restart, and others that do not.
pub(crate) fn is_mixed<'a>(lifetimes: impl Iterator<Item = &'a Lifetime>) -> bool {
    let (remembered, others): (Vec<_>, Vec<_>) = lifetimes.partition(|one| one.is_remembered);
    !remembered.is_empty() && !others.is_empty()
}

fn seconds(limit: Duration) -> i64 {
    i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}
