//! Who listens for whose sign-outs, on this server.

use crate::{SessionHandle, server::event::SignOutEvent};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many events a listener may be behind. One that is further behind is cut off; it comes
/// back and asks who is signed in.
const BACKLOG: usize = 16;

/// How many listeners one session may have here: the tabs of a browser share one, and each
/// lost connection lingers until it times out. The oldest goes first.
const PER_SESSION: usize = 8;

/// How long the ids of events are remembered, so that none is told twice. Longer than the
/// time that [`catch_up`](super::catch_up) looks back.
const MEMORY: Duration = Duration::from_secs(60);

/// Hands events to those who listen for their users.
#[derive(Debug, Default)]
pub(super) struct Bus(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    is_closed: bool,
    next_id: u64,
    /// Several for each user: a browser listens for all of its accounts.
    by_user: HashMap<String, Vec<Listener>>,
    told: HashSet<String>,
    told_when: VecDeque<(Instant, String)>,
}

#[derive(Clone, Debug)]
struct Listener {
    id: u64,
    session: SessionHandle,
    sender: Sender<Arc<SignOutEvent>>,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    bus: Arc<Bus>,
    id: u64,
    users: Vec<String>,
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
        self.bus.listeners().remove(self.id, &self.users);
    }
}

impl Bus {
    /// Listens for the sign-outs of some users, on behalf of one session.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        session: &SessionHandle,
        users: Vec<String>,
    ) -> Subscription {
        let (sender, events) = mpsc::channel(BACKLOG);
        let mut listeners = self.listeners();
        let id = listeners.next_id;
        listeners.next_id += 1;
        // A closed bus keeps no sender, so the subscription ends at once.
        if !listeners.is_closed {
            listeners.make_room(session, &users);
            for user in &users {
                let listener = Listener {
                    id,
                    session: session.clone(),
                    sender: sender.clone(),
                };
                let listening = listeners.by_user.entry(user.clone()).or_default();
                listening.push(listener);
            }
        }
        Subscription {
            bus: Arc::clone(self),
            id,
            users,
            events,
        }
    }

    /// Tells of an event, unless that was done already.
    pub(super) fn publish(&self, event: SignOutEvent) {
        let mut listeners = self.listeners();
        if !listeners.note_told(&event.id) {
            return;
        }
        let Some(listening) = listeners.by_user.get_mut(&event.user_id) else {
            return;
        };
        let event = Arc::new(event);
        listening.retain(|listener| listener.sender.try_send(Arc::clone(&event)).is_ok());
    }

    /// Whether nobody listens.
    pub(super) fn is_idle(&self) -> bool {
        self.listeners().by_user.is_empty()
    }

    /// Cuts everybody off, for good.
    pub(super) fn close(&self) {
        let mut listeners = self.listeners();
        listeners.is_closed = true;
        drop(mem::take(&mut listeners.by_user));
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
        let of_session = users.first().and_then(|user| self.by_user.get(user));
        let mut ids = of_session
            .into_iter()
            .flatten()
            .filter(|listener| listener.session == *session)
            .map(|listener| listener.id);
        if let Some(oldest) = ids.next()
            && ids.count() + 1 >= PER_SESSION
        {
            self.remove(oldest, users);
        }
    }

    fn remove(&mut self, id: u64, users: &[String]) {
        for user in users {
            if let Some(listening) = self.by_user.get_mut(user) {
                listening.retain(|listener| listener.id != id);
                if listening.is_empty() {
                    self.by_user.remove(user);
                }
            }
        }
    }
}
