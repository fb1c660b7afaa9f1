//! Runs the `after_sign_out` hook. Events stand in the database from the moment of the
//! sign-out, so a hook that is slow, fails, panics or is cut off by a crash delays nobody
//! and is run again.

use super::{
    clock::Clock,
    event::SignOutEvent,
    registry::{ClaimedEvent, Registry},
};
use futures::future::join_all;
use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify},
    task::{AbortHandle, JoinHandle},
    time::timeout,
};

/// How long one run of the hook may take unless the app says otherwise. An e-mail or a webhook
/// fits; a hung one does not hold up the events behind it for long.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer than a run of the hook a server keeps an event to itself, in seconds: no
/// event is taken twice by live servers, and a killed server's events are soon taken over.
const LEASE_MARGIN: i64 = 30;

/// How many hooks run at the same time, each for another user.
const AT_ONCE: i64 = 16;

/// The pause after the first failure, in seconds; doubled after each further one.
const FIRST_PAUSE: i64 = 1;

/// The longest pause between two attempts, in seconds.
const LONGEST_PAUSE: i64 = 60 * 60;

/// How often an event is attempted: with the pauses above for eight hours. Afterwards it
/// stays in the table, given up, and the log says so.
const MAX_ATTEMPTS: i64 = 20;

/// How long the dispatcher sleeps when nothing is due: other servers may have left something.
const IDLE: Duration = Duration::from_secs(30);

/// What a hook answers.
pub type HookResult = Result<(), Box<dyn Error + Send + Sync>>;

type HookFuture = Pin<Box<dyn Future<Output = HookResult> + Send>>;

/// The app's `after_sign_out` hook.
pub(crate) type Hook = Arc<dyn Fn(SignOutEvent) -> HookFuture + Send + Sync>;

/// Delivers events until it is dropped.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    wake: Arc<Notify>,
    is_stopping: Arc<AtomicBool>,
    task: Mutex<JoinHandle<()>>,
    abort: AbortHandle,
}

impl Dispatcher {
    pub(crate) fn start(
        registry: Registry,
        clock: Clock,
        hook: Hook,
        hook_timeout: Duration,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let is_stopping = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            registry,
            clock,
            hook,
            hook_timeout,
            wake: Arc::clone(&wake),
            is_stopping: Arc::clone(&is_stopping),
        };
        let task = tokio::spawn(worker.run());
        Self {
            wake,
            is_stopping,
            abort: task.abort_handle(),
            task: Mutex::new(task),
        }
    }

    /// Takes no more events, and waits for the hooks that are running.
    pub(crate) async fn finish(&self) {
        self.is_stopping.store(true, Release);
        self.wake();
        let mut task = self.task.lock().await;
        if !task.is_finished() {
            // It ends by itself; that it was aborted is an end, too.
            let _ = (&mut *task).await;
        }
    }

    /// Says that an event has been committed.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

struct Worker {
    registry: Registry,
    clock: Clock,
    hook: Hook,
    hook_timeout: Duration,
    wake: Arc<Notify>,
    is_stopping: Arc<AtomicBool>,
}

impl Worker {
    async fn run(self) {
        while !self.is_stopping.load(Acquire) {
            let pause = match self.deliver_due().await {
                Ok(pause) => pause,
                Err(cause) => {
                    tracing::error!(%cause, "sign-out events could not be read; trying again");
                    IDLE
                }
            };
            // A pause that ends early is harmless: what is not due is not claimed.
            let _ = timeout(pause, self.wake.notified()).await;
        }
    }

    /// Delivers all that is due, and answers how long to sleep.
    async fn deliver_due(&self) -> Result<Duration, sqlx::Error> {
        let lease = i64::try_from(self.hook_timeout.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_add(LEASE_MARGIN);
        while !self.is_stopping.load(Acquire) {
            let now = self.clock.now();
            let leased_until = now.saturating_add(lease);
            let claim = self.registry.claim_events(now, leased_until, AT_ONCE);
            let claimed = claim.await?;
            if claimed.is_empty() {
                break;
            }
            let deliveries = claimed.into_iter().map(|event| self.deliver(event));
            join_all(deliveries)
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
        }
        let until_due = match self.registry.next_event_due().await? {
            Some(due) => Duration::from_secs(u64::try_from(due - self.clock.now()).unwrap_or(0)),
            None => IDLE,
        };
        Ok(until_due.clamp(Duration::from_millis(50), IDLE))
    }

    async fn deliver(&self, claimed: ClaimedEvent) -> Result<(), sqlx::Error> {
        let ClaimedEvent { event, attempts } = claimed;
        let id = event.id.clone();
        // In a task of its own, so that a panic ends there.
        let hook = Arc::clone(&self.hook);
        let mut run = tokio::spawn(async move { hook(event).await });
        let failure = match timeout(self.hook_timeout, &mut run).await {
            Ok(Ok(Ok(()))) => {
                return self.registry.mark_delivered(&id, self.clock.now()).await;
            }
            Ok(Ok(Err(cause))) => cause.to_string(),
            Ok(Err(_)) => "it panicked".to_owned(),
            Err(_) => {
                run.abort();
                format!("it took longer than {:?}", self.hook_timeout)
            }
        };
        if attempts >= MAX_ATTEMPTS {
            tracing::error!(event = id, attempts, %failure, "after_sign_out failed; given up");
            let now = self.clock.now();
            return self.registry.give_up_event(&id, &failure, now).await;
        }
        let pause = pause_after(attempts);
        tracing::warn!(event = id, attempts, %failure, pause, "after_sign_out failed; trying again");
        let until = self.clock.now() + pause;
        self.registry.postpone_event(&id, &failure, until).await
    }
}

/// The pause after the given number of attempts, in seconds.
fn pause_after(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(32);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<i64> = (1..=MAX_ATTEMPTS).map(pause_after).collect();
        assert_eq!(&pauses[..4], [1, 2, 4, 8]);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        let hours = pauses[..pauses.len() - 1].iter().sum::<i64>() / 3600;
        assert_eq!(
            hours, 8,
            "the doc of MAX_ATTEMPTS must say how long this takes"
        );
    }
}
