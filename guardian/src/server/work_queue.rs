//! Work that waits for workers: session checks, and sign-ins and sign-outs.
//!
//! A worker carries out what waits. Then it waits for more and keeps its connection, for a moment: to take
//! one from the pool and to give it back costs as much as a statement.

use super::{Database, backend::Backend};
use crate::with_pool;
use sqlx::Pool;
use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Sleep, sleep},
};

/// How long a worker keeps a connection, whether or not work comes. Others may wait for it.
pub(crate) const KEEP: Duration = Duration::from_millis(20);

/// The end of the time for which a worker keeps a connection. One timer for all its work: each new one would
/// wake the runtime.
pub(crate) type Until = Pin<Box<Sleep>>;

/// Returns the end of a time that begins now.
pub(crate) fn until(keep: Duration) -> Until {
    Box::pin(sleep(keep))
}

/// Work that waits, and a limited number of workers.
pub(crate) struct WorkQueue<Job> {
    state: Mutex<State<Job>>,
    /// How many may work side by side.
    workers: usize,
}

struct State<Job> {
    /// In order of arrival.
    waiting: VecDeque<Job>,
    workers: usize,
    /// Wakes the workers that have nothing to do, the latest last.
    idle: Vec<oneshot::Sender<()>>,
}

impl<Job> fmt::Debug for WorkQueue<Job> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue").finish_non_exhaustive()
    }
}

impl<Job> WorkQueue<Job> {
    /// A queue for work on a database.
    pub(crate) fn of(database: &Database) -> Arc<Self> {
        let state = State {
            waiting: VecDeque::new(),
            workers: 0,
            idle: Vec::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            workers: with_pool!(database, pool => workers(pool)),
        })
    }

    /// Adds a job, and wakes a worker that has nothing to do. Without any, returns a new worker, if there is
    /// room for one.
    pub(crate) fn push(self: &Arc<Self>, job: Job) -> Option<Worker<Job>> {
        let mut state = self.state();
        state.waiting.push_back(job);
        while let Some(wake) = state.idle.pop() {
            if wake.send(()).is_ok() {
                return None;
            }
        }
        if state.workers == self.workers {
            return None;
        }
        state.workers += 1;
        Some(Worker {
            queue: Arc::clone(self),
            is_counted: true,
        })
    }

    /// How many jobs wait for a worker.
    pub(crate) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    /// Returns what wakes a worker at the next job. Returns `None` if jobs wait.
    fn idle(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        if !state.waiting.is_empty() {
            return None;
        }
        let (wake, woken) = oneshot::channel();
        state.idle.push(wake);
        Some(woken)
    }

    fn state(&self) -> MutexGuard<'_, State<Job>> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many workers of one kind a pool has connections for. Half of them are for whatever else the site does.
fn workers<DB: Backend>(pool: &Pool<DB>) -> usize {
    let half = pool.options().get_max_connections() as usize / 2;
    half.clamp(1, DB::WORKERS)
}

/// One of a queue's workers.
pub(crate) struct Worker<Job> {
    queue: Arc<WorkQueue<Job>>,
    is_counted: bool,
}

impl<Job> Drop for Worker<Job> {
    fn drop(&mut self) {
        // Only after a panic, or when the runtime ends.
        if self.is_counted {
            self.queue.state().workers -= 1;
        }
    }
}

impl<Job> Worker<Job> {
    /// Returns whether jobs wait. If not, waits for some, if the worker may `idle` until a time. Without
    /// jobs, the worker no longer counts: drop it.
    pub(crate) async fn has_work(&mut self, idle: Option<&mut Until>) -> bool {
        if let Some(until) = idle
            && let Some(woken) = self.queue.idle()
        {
            tokio::select! {
                _ = woken => {}
                () = until => {}
            }
        }
        let mut state = self.queue.state();
        state.idle.retain(|wake| !wake.is_closed());
        if state.waiting.is_empty() {
            state.workers -= 1;
            self.is_counted = false;
        }
        self.is_counted
    }

    /// Lets the worker choose among the jobs that wait.
    pub(crate) fn take<T>(&self, choose: impl FnOnce(&mut VecDeque<Job>) -> T) -> T {
        choose(&mut self.queue.state().waiting)
    }
}

#[cfg(all(test, feature = "sqlite", feature = "postgres"))]
mod tests {
    use super::*;
    use sqlx::{SqlitePool, postgres::PgPoolOptions};
    use std::pin::pin;

    fn queue() -> Arc<WorkQueue<u32>> {
        let pool = SqlitePool::connect_lazy("sqlite::memory:").expect("a pool");
        WorkQueue::of(&Database::Sqlite(pool))
    }

    fn all<Job>(worker: &Worker<Job>) -> Vec<Job> {
        worker.take(|waiting| waiting.drain(..).collect())
    }

    #[tokio::test]
    async fn a_small_pool_keeps_connections_for_everything_else() {
        for (connections, expected) in [(1, 1), (2, 1), (3, 1), (4, 2), (6, 2), (100, 2)] {
            let pool = PgPoolOptions::new().max_connections(connections);
            let pool = pool.connect_lazy("postgres://localhost").unwrap();
            assert_eq!(workers(&pool), expected);
        }
    }

    #[tokio::test]
    async fn sqlite_has_one_writer() {
        let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
        assert_eq!(workers(&pool), 1);
    }

    #[tokio::test]
    async fn an_idle_worker_gets_the_next_job() {
        let queue = queue();
        let mut worker = queue.push(1).unwrap();
        assert_eq!(all(&worker), [1]);
        let mut kept = until(Duration::from_secs(60));
        {
            let mut idle = pin!(worker.has_work(Some(&mut kept)));
            assert!(futures::poll!(&mut idle).is_pending());
            assert!(queue.push(2).is_none(), "no other worker is needed");
            assert!(idle.await);
        }
        assert_eq!(all(&worker), [2]);
    }

    #[tokio::test]
    async fn a_worker_without_work_makes_room_for_another() {
        let queue = queue();
        let mut worker = queue.push(1).unwrap();
        assert!(queue.push(2).is_none());
        all(&worker);
        let mut kept = until(Duration::from_millis(1));
        assert!(!worker.has_work(Some(&mut kept)).await, "its time is over");
        drop(worker);
        let mut next = queue.push(3).expect("room");
        all(&next);
        assert!(!next.has_work(None).await, "it may not wait");
    }

    #[tokio::test]
    async fn a_dropped_worker_makes_room_for_another() {
        let queue = queue();
        let worker = queue.push(1).unwrap();
        assert!(queue.push(2).is_none());
        drop(worker);
        assert!(queue.push(3).is_some());
    }

    #[tokio::test]
    async fn a_worker_that_was_dropped_while_idle_is_not_woken() {
        let queue = queue();
        let mut worker = queue.push(1).unwrap();
        all(&worker);
        let mut kept = until(Duration::from_secs(60));
        {
            let mut idle = pin!(worker.has_work(Some(&mut kept)));
            assert!(futures::poll!(&mut idle).is_pending());
        }
        drop(worker);
        assert!(queue.push(2).is_some(), "nobody else would do it");
    }
}
