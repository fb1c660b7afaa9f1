//! Open pages, and whatever else waits for a sign-out: they are told at once.

mod bus;
mod catch_up;
mod stream;
mod watch;

pub(crate) use stream::stream;

use super::{event::SignOutEvent, registry::Registry};
use bus::Bus;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Where a browser's page listens.
pub(crate) use crate::live_path::PATH;

/// Tells of sign-outs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Live {
    bus: Arc<Bus>,
    catch_up: JoinHandle<()>,
}

impl Live {
    /// `listener`: where PostgreSQL is reached directly, if the pool reaches it through a pooler.
    pub(crate) fn start(registry: Registry, listener: Option<PgConnectOptions>) -> Self {
        let bus = Arc::new(Bus::default());
        Self {
            catch_up: tokio::spawn(catch_up::run(registry, listener, Arc::clone(&bus))),
            bus,
        }
    }

    /// Tells of a sign-out that has been committed.
    pub(crate) fn publish(&self, event: SignOutEvent) {
        self.bus.publish(event);
    }

    /// Ends whatever waits.
    pub(crate) fn close(&self) {
        self.bus.close();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.catch_up.abort();
    }
}
