//! Sign-outs that another process has committed: another server, or a command in a shell.

use super::bus::{Bus, MEMORY};
use crate::server::registry::Registry;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::sleep;
use uuid::Builder;

/// How often the table is looked at while somebody listens: what another process has done
/// shows within two seconds, for two small reads per second.
const INTERVAL: Duration = Duration::from_millis(500);

/// How far before the last look the next one begins: an event's id is made before its
/// transaction commits, perhaps on a machine whose clock is behind.
const OVERLAP: Duration = Duration::from_secs(10);

/// Tells of other processes' sign-outs, for ever.
pub(super) async fn run(registry: Registry, bus: Arc<Bus>) {
    let mut last_look = SystemTime::now();
    loop {
        sleep(INTERVAL).await;
        let now = SystemTime::now();
        if bus.is_idle() {
            // Whoever begins to listen looks their session up.
            last_look = now;
            continue;
        }
        // After an outage of the database, all that was missed.
        let since = (last_look - OVERLAP).max(now - MEMORY);
        match registry.events_since(&first_id_since(since)).await {
            Ok(events) => {
                events.into_iter().for_each(|event| bus.publish(event));
                last_look = now;
            }
            Err(cause) => {
                tracing::warn!(%cause, "sign-outs of other processes could not be looked up");
            }
        }
    }
}

/// The smallest id that an event of that time can have: ids are UUIDs of version 7, which
/// begin with the time.
fn first_id_since(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(milliseconds, &[0; 10])
        .into_uuid()
        .to_string()
}
