//! The time, and the ids of events, which begin with it.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::{Builder, ContextV7, Timestamp, Uuid};

/// Where the library takes the time from.
#[derive(Clone)]
pub(crate) struct Clock {
    read: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// Keeps ids of one moment in order.
    ids: Arc<Mutex<ContextV7>>,
}

impl Clock {
    pub(crate) fn new(read: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            read: Arc::new(read),
            ids: Arc::new(Mutex::new(ContextV7::new())),
        }
    }

    /// The time, in seconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        i64::try_from(self.since_epoch().as_secs()).unwrap_or(i64::MAX)
    }

    /// A new, unique id of an event: a UUID of version 7, which begins with the time
    /// ([RFC 9562, 5.7](https://www.rfc-editor.org/rfc/rfc9562#section-5.7)). Other servers find the
    /// events that they missed by it.
    pub(crate) fn new_event_id(&self) -> String {
        let since = self.since_epoch();
        let time = Timestamp::from_unix(&*self.ids, since.as_secs(), since.subsec_nanos());
        Uuid::new_v7(time).to_string()
    }

    /// The smallest id that an event of this time can have.
    pub(crate) fn first_event_id(since_epoch: Duration) -> String {
        let milliseconds = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        Builder::from_unix_timestamp_millis(milliseconds, &[0; 10])
            .into_uuid()
            .to_string()
    }

    pub(crate) fn since_epoch(&self) -> Duration {
        (self.read)().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
