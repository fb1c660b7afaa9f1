//! Limits on attempts, so that nobody can guess passwords by the thousand, or use up the attempts
//! of somebody else.
//!
//! | attempt | counts for |
//! |---|---|
//! | a failed sign-in | its network, and the account as seen from that network |
//! | a failed sign-in from a browser that has signed in to the account before | that browser and account |
//! | a wrong password of a signed-in user | the session |
//! | a sign-up | its network |
//! | a sign-in | the account |
//!
//! No limit counts all failures on one account: a stranger could use it up and lock its user out.
//! ([NIST SP 800-63B-4, section 3.2.2](https://pages.nist.gov/800-63-4/sp800-63b.html#throttle)
//! has one of 100 in a row.) The price: an attacker with many networks gets as many guesses from
//! each. That is why [weak passwords](super::weak_passwords) are refused.

use super::rate_limiter::{Bucket, RateLimit, RateLimiter};
use crate::PasswordError;
use leptos_guardian::{
    User,
    server::{Auth, Database, Guardian},
};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Wrong passwords for one account from one network, browser or session. Ten in a row are enough
/// for a person who has forgotten which password it was. Then the waits grow, as NIST SP 800-63B-4,
/// section 3.2.2, suggests (30 seconds to an hour). Here they end at a quarter of an hour, because
/// a person may share the network with a stranger. That allows about 110 guesses in the first day
/// and 96 in each further one.
const GUESSES: RateLimit = RateLimit {
    at_once: 10,
    forgets_one_in: Duration::from_secs(15 * 60),
    first_wait: Duration::from_secs(30),
    longest_wait: Duration::from_secs(15 * 60),
};

/// Sign-ins with the right password to one account, per hour. A person with many devices, or a test
/// suite with one account, needs fewer. Ten thousand sessions within minutes would need a hundred
/// times as many. A stranger cannot use them up.
const SIGN_INS_PER_HOUR: u32 = 100;

/// Counts attempts.
#[derive(Clone)]
pub(super) struct Attempts {
    rate_limiter: RateLimiter,
    per_network: RateLimit,
}

/// A password that is about to be checked. It counts as wrong until it is known to be right, so
/// that concurrent guesses gain nothing.
#[must_use]
pub(super) struct Attempt {
    guardian: Guardian,
    rate_limiter: RateLimiter,
    guesses: Bucket,
    network: Option<Bucket>,
}

impl Attempts {
    pub(super) async fn new(
        database: Database,
        per_network_and_minute: u32,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self {
            rate_limiter: RateLimiter::new(database).await?,
            per_network: RateLimit::per(Duration::from_secs(60), per_network_and_minute),
        })
    }

    /// Counts a sign-up.
    pub(super) async fn count_sign_up(&self, auth: &Auth) -> Result<(), PasswordError> {
        let network = self.network(auth);
        self.rate_limiter.add(auth.guardian(), &network).await
    }

    /// Counts a guess at the password of the account with this address. It counts without an
    /// account, too, so that the limit does not reveal whether there is one. `known_browser`
    /// identifies a browser that has signed in to this account before
    /// ([device cookies](https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies)):
    /// it has its own attempts, whatever strangers do.
    pub(super) async fn count_guess(
        &self,
        auth: &Auth,
        address: &str,
        known_browser: Option<&str>,
    ) -> Result<Attempt, PasswordError> {
        if let Some(browser) = known_browser {
            return self.add_guess(auth, &["browser", browser, address]).await;
        }
        let network = self.network(auth);
        self.rate_limiter.add(auth.guardian(), &network).await?;
        let parts = ["account", address, &network_of(auth)];
        match self.add_guess(auth, &parts).await {
            Ok(attempt) => Ok(Attempt {
                network: Some(network),
                ..attempt
            }),
            Err(refused) => {
                // No password is checked, so others in the network lose nothing.
                self.rate_limiter.remove(auth.guardian(), &network).await?;
                Err(refused)
            }
        }
    }

    /// Counts a guess of a signed-in user, for their session. A thief of the session gets no more
    /// guesses than that, and failures elsewhere use none of them up.
    pub(super) async fn count_confirmation(
        &self,
        auth: &Auth,
        user: &User,
    ) -> Result<Attempt, PasswordError> {
        self.add_guess(auth, &["session", user.session.as_str()])
            .await
    }

    /// Counts a sign-in to the account with this id, after its password was right.
    pub(super) async fn count_sign_in(
        &self,
        auth: &Auth,
        user_id: &str,
    ) -> Result<(), PasswordError> {
        let hour = Duration::from_secs(60 * 60);
        let limit = RateLimit::per(hour, SIGN_INS_PER_HOUR);
        let bucket = Bucket::new(limit, &["signed in", user_id]);
        self.rate_limiter.add(auth.guardian(), &bucket).await
    }

    async fn add_guess(&self, auth: &Auth, parts: &[&str]) -> Result<Attempt, PasswordError> {
        let guesses = Bucket::new(GUESSES, parts);
        self.rate_limiter.add(auth.guardian(), &guesses).await?;
        Ok(Attempt {
            guardian: auth.guardian().clone(),
            rate_limiter: self.rate_limiter.clone(),
            guesses,
            network: None,
        })
    }

    fn network(&self, auth: &Auth) -> Bucket {
        Bucket::new(self.per_network, &["network", &network_of(auth)])
    }
}

impl Attempt {
    /// The password was right: forgets the failures before it. Those of the network stay, because
    /// they may be on other accounts.
    pub(super) async fn succeed(self) -> Result<(), PasswordError> {
        self.rate_limiter
            .clear(&self.guardian, &self.guesses)
            .await?;
        self.remove_from_network().await
    }

    /// The password could not be checked, so the attempt does not count.
    pub(super) async fn cancel(self) -> Result<(), PasswordError> {
        self.rate_limiter
            .remove(&self.guardian, &self.guesses)
            .await?;
        self.remove_from_network().await
    }

    async fn remove_from_network(&self) -> Result<(), PasswordError> {
        match &self.network {
            Some(network) => self.rate_limiter.remove(&self.guardian, network).await,
            None => Ok(()),
        }
    }
}

fn network_of(auth: &Auth) -> String {
    network(auth.client_ip().unwrap_or("unknown"))
}

/// What counts as one network: an IPv4 address, or the first half of an IPv6 address. One customer
/// can choose the second half.
fn network(address: &str) -> String {
    match address.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn one_ipv6_customer_is_one_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
