//! When a session's use is recorded.

use super::Auth;
use crate::server::{Guardian, lifetime::Lifetime};

/// The shortest interval between two records of a session's activity, in seconds. The list of sessions
/// shows when each was last active, at the price of one write per session in five minutes.
const ACTIVITY_INTERVAL: i64 = 5 * 60;

impl Auth {
    /// Records from time to time that the session is in use. Never fails a request.
    pub(crate) async fn record_activity(&self) {
        let guardian = self.guardian();
        let Ok(live) = self.read_accounts(|active, _| active.clone()) else {
            return;
        };
        let now = guardian.0.clock.now();
        if now - live.last_seen_at < guardian.activity_interval(&live.lifetime) {
            return;
        }
        let expires_at = guardian.expiry(&live.lifetime, live.created_at, now);
        if let Err(cause) = guardian
            .0
            .registry
            .touch(live.handle(), now, expires_at)
            .await
        {
            tracing::warn!(%cause, "the session's activity could not be recorded");
        }
    }
}

impl Guardian {
    /// At most a quarter of the idle limit, so that a session in use never runs into it.
    fn activity_interval(&self, lifetime: &Lifetime) -> i64 {
        ACTIVITY_INTERVAL.min(self.idle_limit(lifetime) / 4)
    }
}
