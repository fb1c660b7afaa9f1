//! Limits on attempts, so that passwords cannot be tried by the thousand.

use crate::FormError;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use leptos_guardian::server::Auth;
use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
};

/// Attempts on one account per minute, right or wrong: enough for a person who has
/// forgotten which password it was, and 14,400 guesses a day at most.
const PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// How many addresses or accounts are remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts attempts per address and per account.
#[derive(Clone)]
pub(crate) struct Attempts {
    by_address: Arc<DefaultKeyedRateLimiter<String>>,
    by_account: Arc<DefaultKeyedRateLimiter<String>>,
}

impl Attempts {
    pub(crate) fn new(per_address_and_minute: u32) -> Self {
        let per_address = NonZeroU32::new(per_address_and_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            by_address: Arc::new(RateLimiter::keyed(Quota::per_minute(per_address))),
            by_account: Arc::new(RateLimiter::keyed(Quota::per_minute(PER_ACCOUNT))),
        }
    }

    pub(crate) fn check_address(&self, auth: &Auth) -> Result<(), FormError> {
        check(
            &self.by_address,
            &network(auth.client_ip().unwrap_or("unknown")),
        )
    }

    /// Whether or not the account exists, so that the limit does not tell.
    pub(crate) fn check_account(&self, email: &str) -> Result<(), FormError> {
        check(&self.by_account, email)
    }
}

/// What counts as one address: of IPv6 the first half, which one customer gets to choose the
/// other half from.
fn network(address: &str) -> String {
    match address.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Err(_) => address.to_owned(),
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<String>, key: &str) -> Result<(), FormError> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(&key.to_owned()).map_err(|refused| {
        let wait = refused.wait_time_from(DefaultClock::default().now());
        FormError::TooManyAttempts {
            // Rounded up: after exactly this long the next attempt is accepted.
            retry_after: wait.as_secs() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn one_ipv6_customer_is_one_address() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
