//! Runs the `after_sign_out` hook. The sign-out itself stores the events in the database. A hook that is
//! slow, fails, panics or dies in a crash therefore delays nobody and runs again.

use super::{
    clock::Clock,
    event::SignOutEvent,
    registry::{ClaimedEvent, Registry},
};
use futures::FutureExt as _;
use std::{
    error::Error,
    future::Future,
    panic::AssertUnwindSafe,
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
    task::{JoinError, JoinHandle, JoinSet},
    time::{sleep, timeout},
};

/// The default time limit of one run of the hook. An e-mail or a webhook fits, and a hung run does not
/// hold up the user's later events for long.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer than a run of the hook a server's claim on an event lasts, in seconds. Live servers
/// never claim an event twice, and another one soon takes over a killed server's events.
const LEASE_MARGIN: i64 = 30;

/// How many hooks run at the same time, each for a different user.
const AT_ONCE: usize = 16;

/// The pause after the first failure, in seconds; doubled after each further one.
const FIRST_PAUSE: i64 = 1;

/// The longest pause between two attempts, in seconds.
const LONGEST_PAUSE: i64 = 60 * 60;

/// The most attempts for one event. With the pauses above, they take eight hours. Then the event stays in
/// the table, given up, and the log says so.
const MAX_ATTEMPTS: i64 = 20;

/// The longest sleep when nothing is due. Another server may have left events by then.
const IDLE: Duration = Duration::from_secs(30);

/// The pause after the database has failed.
const RETRY: Duration = Duration::from_secs(2);

/// What a hook returns.
///
/// ```
/// # use leptos_guardian::server::Builder;
/// use leptos_guardian::server::{HookResult, SignOutEvent};
///
/// async fn note(event: SignOutEvent) -> HookResult {
///     println!("{}: {}", event.user_id, event.reason);
///     Ok(())
/// }
/// # fn configure(builder: Builder) -> Builder {
/// builder.after_sign_out(note)
/// # }
/// ```
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
        Self {
            wake,
            is_stopping,
            task: Mutex::new(tokio::spawn(Arc::new(worker).run())),
        }
    }

    /// Claims no more events, and waits for the running hooks.
    pub(crate) async fn finish(&self) {
        self.is_stopping.store(true, Release);
        self.wake();
        let mut task = self.task.lock().await;
        if !task.is_finished() {
            // It ends by itself. If it was aborted, that is an end, too.
            let _ = (&mut *task).await;
        }
    }

    /// Makes the dispatcher look for events, because one was committed.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.task.get_mut().abort();
    }
}

/// What a task of a hook has returned.
type Done = Result<Option<String>, JoinError>;

struct Worker {
    registry: Registry,
    clock: Clock,
    hook: Hook,
    hook_timeout: Duration,
    wake: Arc<Notify>,
    is_stopping: Arc<AtomicBool>,
}

impl Worker {
    async fn run(self: Arc<Self>) {
        // Dropped with this task, it ends the running hooks.
        let mut running = JoinSet::new();
        loop {
            let is_stopping = self.is_stopping.load(Acquire);
            if is_stopping && running.is_empty() {
                return;
            }
            let pause = if is_stopping {
                IDLE
            } else {
                self.start_due(&mut running).await.unwrap_or_else(|cause| {
                    tracing::error!(%cause, "sign-out events could not be read; retrying");
                    RETRY
                })
            };
            // Waking early is harmless: events that are not due are not claimed.
            tokio::select! {
                Some(done) = running.join_next() => {
                    self.mark_delivered(done, &mut running).await;
                }
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Records, in one statement, that the hook has run: for one event, and for all others for which it has
    /// returned meanwhile.
    async fn mark_delivered(&self, done: Done, running: &mut JoinSet<Option<String>>) {
        let mut all = vec![done];
        while let Some(done) = running.try_join_next() {
            all.push(done);
        }
        // A hook's panic is caught, so no task fails.
        let delivered: Vec<String> = all.into_iter().flatten().flatten().collect();
        if delivered.is_empty() {
            return;
        }
        let now = self.clock.now();
        if let Err(cause) = self.registry.mark_delivered(&delivered, now).await {
            tracing::error!(%cause, events = ?delivered, "after_sign_out has run, which could not be recorded; it runs again");
        }
    }

    /// Starts hooks for due events. Returns how long to wait for more.
    async fn start_due(
        self: &Arc<Self>,
        running: &mut JoinSet<Option<String>>,
    ) -> Result<Duration, sqlx::Error> {
        let lease = i64::try_from(self.hook_timeout.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_add(LEASE_MARGIN);
        while running.len() < AT_ONCE {
            let now = self.clock.now();
            let leased_until = now.saturating_add(lease);
            let free = (AT_ONCE - running.len()) as i64;
            let claimed = self.registry.claim_events(now, leased_until, free).await?;
            if claimed.is_empty() {
                let due = self.registry.next_event_due().await?;
                let until_due = due.map_or(IDLE, |due| {
                    Duration::from_secs(u64::try_from(due - self.clock.now()).unwrap_or(0))
                });
                return Ok(until_due.clamp(Duration::from_millis(50), IDLE));
            }
            for event in claimed {
                running.spawn(Arc::clone(self).deliver(event));
            }
        }
        Ok(IDLE)
    }

    /// Runs the hook. Returns the event's id if it has succeeded.
    async fn deliver(self: Arc<Self>, claimed: ClaimedEvent) -> Option<String> {
        let ClaimedEvent {
            id,
            attempts,
            event,
        } = claimed;
        let run = match event {
            Ok(event) => self.run_hook(event, attempts).await,
            Err(cause) => Err(format!("the event is unreadable: {cause}")),
        };
        let Err(failure) = run else {
            return Some(id);
        };
        if let Err(cause) = self.record_failure(&id, attempts, &failure).await {
            tracing::error!(%cause, event = id, "the failure of after_sign_out could not be recorded; it runs again");
        }
        None
    }

    async fn run_hook(&self, event: SignOutEvent, attempts: i64) -> Result<(), String> {
        if attempts > MAX_ATTEMPTS {
            return Err("its server ended while it ran".into());
        }
        let run = AssertUnwindSafe(async { (self.hook)(event).await }).catch_unwind();
        match timeout(self.hook_timeout, run).await {
            Ok(Ok(outcome)) => outcome.map_err(|cause| cause.to_string()),
            Ok(Err(_)) => Err("it panicked".into()),
            Err(_) => Err(format!("it took longer than {:?}", self.hook_timeout)),
        }
    }

    async fn record_failure(
        &self,
        event: &str,
        attempts: i64,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let next_attempt = if attempts >= MAX_ATTEMPTS {
            tracing::error!(event, attempts, failure, "after_sign_out failed; giving up");
            None
        } else {
            let pause = pause_after(attempts);
            tracing::warn!(
                event,
                attempts,
                failure,
                pause,
                "after_sign_out failed; it runs again"
            );
            Some(now + pause)
        };
        self.registry
            .record_failure(event, attempts, failure, next_attempt, now)
            .await
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
    fn pauses_grow_up_to_a_limit() {
        let pauses: Vec<i64> = (1..=MAX_ATTEMPTS).map(pause_after).collect();
        assert_eq!(&pauses[..4], [1, 2, 4, 8]);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        let hours = pauses[..pauses.len() - 1].iter().sum::<i64>() / 3600;
        assert_eq!(
            hours, 8,
            "the documentation of MAX_ATTEMPTS must say how long this takes"
        );
    }
}
