//! How long a session lives, and when its use is recorded.

use super::Auth;
use crate::server::Guardian;
use std::time::Duration;

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
        if now - live.last_seen_at < guardian.activity_interval() {
            return;
        }
        let expires_at = guardian.expiry(live.created_at, now);
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
    /// Returns when a session that is used `now` expires: by its idle limit or its age limit.
    pub(crate) fn expiry(&self, created_at: i64, now: i64) -> i64 {
        let idle_limit = now.saturating_add(seconds(self.0.idle_timeout));
        let age_limit = created_at.saturating_add(seconds(self.0.max_age));
        idle_limit.min(age_limit)
    }

    /// At most a quarter of the idle limit, so that a session in use never runs into it.
    fn activity_interval(&self) -> i64 {
        ACTIVITY_INTERVAL.min(seconds(self.0.idle_timeout) / 4)
    }
}

fn seconds(limit: Duration) -> i64 {
    i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}
