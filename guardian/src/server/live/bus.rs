//! Who listens for whose sign-outs, on this server.

use crate::{SessionHandle, server::event::SignOutEvent};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many events a listener may be behind. One that is further behind is cut off; it comes
/// back and asks who is signed in.
const BACKLOG: usize = 16;

/// How many pages of one session may listen here: the tabs of a browser share one, and each
/// lost connection lingers until it times out. The oldest goes first.
const PER_SESSION: usize = 8;

/// How long the ids of events are remembered, so that none is told twice: as far as
/// [`catch_up`](super::catch_up) looks back at most.
pub(super) const MEMORY: Duration = Duration::from_secs(5 * 60);

/// Hands events to those who listen for their users.
#[derive(Debug, Default)]
pub(super) struct Bus(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    is_closed: bool,
    next_id: u64,
    listeners: HashMap<u64, Listener>,
    /// Who listens for whom: a browser listens for all of its accounts.
    by_user: HashMap<String, Vec<u64>>,
    told: HashSet<String>,
    told_when: VecDeque<(Instant, String)>,
}

#[derive(Debug)]
struct Listener {
    kind: Kind,
    session: SessionHandle,
    users: Vec<String>,
    sender: Sender<Arc<SignOutEvent>>,
}

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A browser's page, of which each session has only so many.
    Page,
    /// The app's own work.
    Work,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    bus: Arc<Bus>,
    id: u64,
    events: Receiver<Arc<SignOutEvent>>,
}

impl Subscription {
    /// The next sign-out of one of the users; `None` when this listener is cut off.
    pub(super) async fn next(&mut self) -> Option<Arc<SignOutEvent>> {
        self.events.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.bus.listeners().remove(self.id);
    }
}

impl Bus {
    /// Listens for the sign-outs of some users, on behalf of one session.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        kind: Kind,
        session: &SessionHandle,
        users: Vec<String>,
    ) -> Subscription {
        let (sender, events) = mpsc::channel(BACKLOG);
        let mut listeners = self.listeners();
        let id = listeners.next_id;
        listeners.next_id += 1;
        // A closed bus keeps no sender, so the subscription ends at once.
        if !listeners.is_closed {
            if kind == Kind::Page {
                listeners.make_room(session, &users);
            }
            for user in &users {
                listeners.by_user.entry(user.clone()).or_default().push(id);
            }
            let listener = Listener {
                kind,
                session: session.clone(),
                users,
                sender,
            };
            listeners.listeners.insert(id, listener);
        }
        Subscription {
            bus: Arc::clone(self),
            id,
            events,
        }
    }

    /// Tells of an event, unless that was done already.
    pub(super) fn publish(&self, event: SignOutEvent) {
        let mut listeners = self.listeners();
        if !listeners.note_told(&event.id) {
            return;
        }
        let Some(listening) = listeners.by_user.get(&event.user_id).cloned() else {
            return;
        };
        let event = Arc::new(event);
        for id in listening {
            let listener = listeners.listeners.get(&id);
            let is_told = listener
                .is_some_and(|listener| listener.sender.try_send(Arc::clone(&event)).is_ok());
            if !is_told {
                listeners.remove(id);
            }
        }
    }

    /// Keeps the ids of those events that have not been told yet.
    pub(super) fn retain_news(&self, ids: &mut Vec<String>) {
        let listeners = self.listeners();
        ids.retain(|id| !listeners.told.contains(id));
    }

    /// Whether nobody listens.
    pub(super) fn is_idle(&self) -> bool {
        self.listeners().by_user.is_empty()
    }

    /// Cuts everybody off, for good.
    pub(super) fn close(&self) {
        let mut listeners = self.listeners();
        listeners.is_closed = true;
        listeners.listeners.clear();
        listeners.by_user.clear();
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    /// Remembers an event. Answers whether it is new.
    fn note_told(&mut self, id: &str) -> bool {
        let now = Instant::now();
        while let Some((when, _)) = self.told_when.front()
            && now.duration_since(*when) > MEMORY
        {
            if let Some((_, old)) = self.told_when.pop_front() {
                self.told.remove(&old);
            }
        }
        let is_new = self.told.insert(id.to_owned());
        if is_new {
            self.told_when.push_back((now, id.to_owned()));
        }
        is_new
    }

    fn make_room(&mut self, session: &SessionHandle, users: &[String]) {
        let of_user = users.first().and_then(|user| self.by_user.get(user));
        let pages: Vec<u64> = of_user
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| {
                self.listeners.get(id).is_some_and(|listener| {
                    listener.kind == Kind::Page && listener.session == *session
                })
            })
            .collect();
        if pages.len() >= PER_SESSION {
            self.remove(pages[0]);
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(listener) = self.listeners.remove(&id) else {
            return;
        };
        for user in listener.users {
            if let Some(listening) = self.by_user.get_mut(&user) {
                listening.retain(|known| *known != id);
                if listening.is_empty() {
                    self.by_user.remove(&user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_listener_that_has_gone() {
        let bus = Arc::new(Bus::default());
        let session = SessionHandle::from("handle");
        let users = || vec!["ada".to_owned(), "bob".to_owned()];
        let one = bus.subscribe(Kind::Page, &session, users());
        let other = bus.subscribe(Kind::Work, &session, users());
        drop(one);
        assert!(!bus.is_idle());
        drop(other);
        assert!(bus.is_idle());
        assert!(bus.listeners().listeners.is_empty());
    }
}
