//! The listeners for sign-outs and sign-ins on this server.

use crate::{SessionHandle, server::event::SignOutEvent};
use futures::{
    StreamExt as _,
    channel::mpsc::{self, Receiver, Sender},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many events a listener may be behind. One that is further behind is cut off. It reconnects, and
/// asks who is signed in.
const BACKLOG: usize = 16;

/// How many pages of one session may listen. The tabs of a browser share one stream, but a lost
/// connection lingers until it times out. The oldest is cut off first.
const PAGES_PER_SESSION: usize = 8;

/// How long the ids of events are remembered, so that none is published twice: as far back as
/// [`remote_events`](super::remote_events) looks.
pub(super) const MEMORY: Duration = Duration::from_secs(300);

/// Passes events to the listeners of their users.
#[derive(Debug, Default)]
pub(super) struct Bus(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    is_closed: bool,
    next_id: u64,
    listeners: HashMap<u64, Listener>,
    /// The listeners of each user. A browser listens for all of its accounts.
    by_user: HashMap<String, Ids>,
    /// The pages of each session.
    pages: HashMap<SessionHandle, Ids>,
    seen: HashSet<String>,
    seen_when: VecDeque<(Instant, String)>,
}

/// The ids of listeners, the oldest first.
type Ids = Vec<u64>;

#[derive(Debug)]
struct Listener {
    kind: Kind,
    session: SessionHandle,
    users: Vec<String>,
    sender: Sender<Notification>,
}

/// What a listener is notified of.
#[derive(Clone, Debug)]
pub(crate) enum Notification {
    /// One of the users has signed out.
    SignOut(Arc<EndedSessions>),
    /// One of the users has signed in, so that their list of sessions has grown. Only pages hear of it.
    SignIn,
    /// The profile of one of the users has changed. Only pages hear of it.
    Profile,
}

/// A sign-out, for many listeners, each of which looks for its own session in it.
#[derive(Debug)]
pub(crate) struct EndedSessions {
    pub(crate) event: SignOutEvent,
    ended: HashSet<SessionHandle>,
}

impl EndedSessions {
    fn new(event: SignOutEvent) -> Self {
        let ended = event.ended.iter().cloned().collect();
        Self { event, ended }
    }

    /// Whether the event ended this session.
    pub(crate) fn ends(&self, session: &SessionHandle) -> bool {
        self.ended.contains(session)
    }
}

/// The kind of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A browser's page. Each session may have [`PAGES_PER_SESSION`].
    Page,
    /// The app's own work, such as a stream or a WebSocket.
    Work,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    bus: Arc<Bus>,
    id: u64,
    notifications: Receiver<Notification>,
}

impl Subscription {
    /// Returns the next notification of one of the users; `None` when this listener is cut off.
    pub(crate) async fn next(&mut self) -> Option<Notification> {
        self.notifications.next().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.bus.listeners().remove(self.id);
    }
}

impl Bus {
    /// Subscribes to what some users do, on behalf of one session.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        kind: Kind,
        session: &SessionHandle,
        users: Vec<String>,
    ) -> Subscription {
        // It takes one more than it is told to, and unlike tokio's allocates nothing for what has not been sent.
        let (sender, notifications) = mpsc::channel(BACKLOG - 1);
        let mut listeners = self.listeners();
        let id = listeners.next_id;
        listeners.next_id += 1;
        // A closed bus keeps no sender, so the subscription ends at once.
        if !listeners.is_closed {
            if kind == Kind::Page {
                listeners.make_room(session);
                listeners.pages.entry(session.clone()).or_default().push(id);
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
            notifications,
        }
    }

    /// Passes an event on, unless it was published before.
    pub(super) fn publish(&self, event: SignOutEvent) {
        let mut listeners = self.listeners();
        if !listeners.mark_seen(&event.id) {
            return;
        }
        let user_id = event.user_id.clone();
        let notification = Notification::SignOut(Arc::new(EndedSessions::new(event)));
        listeners.notify(&user_id, &notification, |_| true);
    }

    /// Tells the pages of a user of a sign-in.
    pub(super) fn publish_sign_in(&self, user_id: &str) {
        let is_page = |kind| kind == Kind::Page;
        self.listeners()
            .notify(user_id, &Notification::SignIn, is_page);
    }

    /// Tells the pages of a user that the profile has changed.
    pub(super) fn publish_profile(&self, user_id: &str) {
        let is_page = |kind| kind == Kind::Page;
        self.listeners()
            .notify(user_id, &Notification::Profile, is_page);
    }

    /// Keeps the ids of events that were not published yet.
    pub(super) fn retain_unseen(&self, ids: &mut Vec<String>) {
        let listeners = self.listeners();
        ids.retain(|id| !listeners.seen.contains(id));
    }

    /// Whether there are no listeners.
    pub(super) fn is_idle(&self) -> bool {
        self.listeners().by_user.is_empty()
    }

    /// Cuts all listeners off, for good.
    pub(super) fn close(&self) {
        let mut listeners = self.listeners();
        listeners.is_closed = true;
        listeners.listeners.clear();
        listeners.by_user.clear();
        listeners.pages.clear();
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    /// Notifies the listeners of a user, and cuts off those that are too far behind.
    fn notify(
        &mut self,
        user_id: &str,
        notification: &Notification,
        wanted: impl Fn(Kind) -> bool,
    ) {
        let listening = self.by_user.get(user_id).cloned().unwrap_or_default();
        for id in listening {
            let Some(listener) = self
                .listeners
                .get_mut(&id)
                .filter(|listener| wanted(listener.kind))
            else {
                continue;
            };
            if listener.sender.try_send(notification.clone()).is_err() {
                self.remove(id);
            }
        }
    }

    /// Remembers an event. Returns whether it is new.
    fn mark_seen(&mut self, id: &str) -> bool {
        let now = Instant::now();
        while let Some((when, _)) = self.seen_when.front()
            && now.duration_since(*when) > MEMORY
        {
            if let Some((_, old)) = self.seen_when.pop_front() {
                self.seen.remove(&old);
            }
        }
        let is_new = self.seen.insert(id.to_owned());
        if is_new {
            self.seen_when.push_back((now, id.to_owned()));
        }
        is_new
    }

    fn make_room(&mut self, session: &SessionHandle) {
        let Some(pages) = self.pages.get(session) else {
            return;
        };
        if pages.len() >= PAGES_PER_SESSION
            && let Some(oldest) = pages.first()
        {
            self.remove(*oldest);
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(listener) = self.listeners.remove(&id) else {
            return;
        };
        for user in &listener.users {
            remove_from(&mut self.by_user, user, id);
        }
        remove_from(&mut self.pages, &listener.session, id);
    }
}

fn remove_from<K: Hash + Eq>(lists: &mut HashMap<K, Ids>, key: &K, id: u64) {
    if let Some(ids) = lists.get_mut(key) {
        if let Ok(place) = ids.binary_search(&id) {
            ids.remove(place);
        }
        if ids.is_empty() {
            lists.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::Stream as _;

    #[test]
    fn a_dropped_listener_leaves_nothing_behind() {
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
        assert!(bus.listeners().pages.is_empty());
    }

    /// Many sign-ins cut off no work: it does not hear of them.
    #[test]
    fn only_pages_hear_of_sign_ins() {
        let bus = Arc::new(Bus::default());
        let session = SessionHandle::from("handle");
        let users = || vec!["ada".to_owned()];
        let page = bus.subscribe(Kind::Page, &session, users());
        let work = bus.subscribe(Kind::Work, &session, users());
        for _ in 0..BACKLOG {
            bus.publish_sign_in("ada");
            bus.publish_sign_in("bob");
            bus.publish_profile("bob");
        }
        assert_eq!(page.notifications.size_hint().0, BACKLOG);
        assert_eq!(work.notifications.size_hint().0, 0);
    }
}
