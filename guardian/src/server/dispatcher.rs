//! Runs the `after_sign_out` hook. Events stand in the database from the moment of the
//! sign-out, so a hook that is slow, fails, panics or is cut off by a crash delays nobody
//! and is run again.

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
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

/// How long one run of the hook may take unless the app says otherwise. An e-mail or a webhook
/// fits; a hung one does not hold up the events behind it for long.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer than a run of the hook a server keeps an event to itself, in seconds: no
/// event is taken twice by live servers, and a killed server's events are soon taken over.
const LEASE_MARGIN: i64 = 30;

/// How many hooks run at the same time, each for another user.
const AT_ONCE: usize = 16;

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
        self.task.get_mut().abort();
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
    async fn run(self: Arc<Self>) {
        // Dropped with this task, it ends what is running.
        let mut running = JoinSet::new();
        loop {
            let is_stopping = self.is_stopping.load(Acquire);
            if is_stopping && running.is_empty() {
                return;
            }
            let pause = if is_stopping {
                IDLE
            } else {
                self.take_due(&mut running).await.unwrap_or_else(|cause| {
                    tracing::error!(%cause, "sign-out events could not be read; trying again");
                    IDLE
                })
            };
            // A pause that ends early is harmless: what is not due is not claimed.
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Starts hooks for what is due, and answers how long to wait for more.
    async fn take_due(
        self: &Arc<Self>,
        running: &mut JoinSet<()>,
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

    async fn deliver(self: Arc<Self>, claimed: ClaimedEvent) {
        let id = &claimed.event.id;
        let outcome = match self.run_hook(&claimed).await {
            Ok(()) => self.registry.mark_delivered(id, self.clock.now()).await,
            Err(failure) => self.note_failure(&claimed, &failure).await,
        };
        if let Err(cause) = outcome {
            tracing::error!(%cause, event = id, "what became of after_sign_out could not be written down; it runs again");
        }
    }

    async fn run_hook(&self, claimed: &ClaimedEvent) -> Result<(), String> {
        if claimed.attempts > MAX_ATTEMPTS {
            return Err("its server ended while it ran".into());
        }
        let event = claimed.event.clone();
        let run = AssertUnwindSafe(async { (self.hook)(event).await }).catch_unwind();
        match timeout(self.hook_timeout, run).await {
            Ok(Ok(outcome)) => outcome.map_err(|cause| cause.to_string()),
            Ok(Err(_)) => Err("it panicked".into()),
            Err(_) => Err(format!("it took longer than {:?}", self.hook_timeout)),
        }
    }

    async fn note_failure(&self, claimed: &ClaimedEvent, failure: &str) -> Result<(), sqlx::Error> {
        let (event, attempts) = (&claimed.event.id, claimed.attempts);
        let now = self.clock.now();
        let next_attempt = if attempts >= MAX_ATTEMPTS {
            tracing::error!(event, attempts, failure, "after_sign_out failed; given up");
            None
        } else {
            let pause = pause_after(attempts);
            tracing::warn!(
                event,
                attempts,
                failure,
                pause,
                "after_sign_out failed; trying again"
            );
            Some(now + pause)
        };
        self.registry
            .note_failure(claimed, failure, next_attempt, now)
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
