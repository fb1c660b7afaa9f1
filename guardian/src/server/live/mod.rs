//! Notifies open pages, and everything else that waits for a sign-out.

mod bus;
mod remote_events;

pub(crate) use bus::{Kind, Notification, Subscription};
pub(crate) use remote_events::{FollowEvents, Listener, RemoteEvents};

use super::{clock::Clock, event::SignOutEvent, registry::Registry};
use crate::SessionHandle;
use bus::Bus;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Passes sign-outs on, this server's and other servers', until it is dropped.
#[derive(Debug)]
pub(crate) struct Live {
    bus: Arc<Bus>,
    remote_events: JoinHandle<()>,
}

impl Live {
    pub(crate) fn start(registry: Registry, clock: Clock, listener: Listener) -> Self {
        let bus = Arc::new(Bus::default());
        let remote = remote_events::run(registry, clock, listener, Arc::clone(&bus));
        Self {
            remote_events: tokio::spawn(remote),
            bus,
        }
    }

    /// Subscribes to what some users do, on behalf of one session.
    pub(crate) fn subscribe(
        &self,
        kind: Kind,
        session: &SessionHandle,
        users: Vec<String>,
    ) -> Subscription {
        self.bus.subscribe(kind, session, users)
    }

    /// Passes on a sign-out that this server has committed.
    pub(crate) fn publish(&self, event: SignOutEvent) {
        self.bus.publish(event);
    }

    /// Passes on that a user has signed in on this server. Pages on other servers learn of it when they
    /// next refresh.
    pub(crate) fn publish_sign_in(&self, user_id: &str) {
        self.bus.publish_sign_in(user_id);
    }

    /// Passes on that this server has changed a user's profile.
    pub(crate) fn publish_profile(&self, user_id: &str) {
        self.bus.publish_profile(user_id);
    }

    /// Cuts all subscribers off.
    pub(crate) fn close(&self) {
        self.bus.close();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.remote_events.abort();
    }
}
