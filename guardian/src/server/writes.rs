//! Sign-ins and sign-outs. Those that wait at the same moment share one transaction, and with it one commit:
//! that is most of what they cost.
//!
//! A writer takes the first write, and begins. What has come meanwhile goes along. So a write that comes
//! alone does not wait for others. Each gets its own result, and only after the commit that holds it. If
//! one fails, each of the others is carried out alone.

use super::{
    Cause, Guardian, SignOutEvent, Transaction,
    database::Database,
    durable_connection::DurableConnection,
    registry::{
        self, CarryOver, LiveSession, Locks, NewSession, Revocation, Stored, Taken, Target,
    },
    session_limit::{Overflow, SessionLimit},
    time_limit::in_time,
    token::TokenHash,
    work_queue::{WorkQueue, Worker},
};
use crate::{Reason, SessionHandle, SignOutScope};
use futures::FutureExt as _;
use std::{
    collections::{BTreeSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};
use tower_sessions::session::Record;

/// The most writes that share a transaction.
const BATCH: usize = 32;

/// The least time that a write waits before it fails because no transaction could begin: half as long as
/// a writer waits for a connection, so that no write waits in vain twice.
const LEAST_PATIENCE: Duration = Duration::from_millis(1500);

/// PostgreSQL has ended one of two transactions that waited for each other
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const DEADLOCK: &str = "40P01";

/// A sign-in.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) session: NewSession,
    /// The visitor's data, under its new id. It is stored if the session has any.
    pub(crate) data: Record,
    /// The tokens that it replaces. Their sessions end.
    pub(crate) ended: Vec<TokenHash>,
    /// How the browser's other accounts move to the new token, if there are any.
    pub(crate) carried_over: Option<CarryOver>,
}

/// A sign-in or a sign-out.
#[derive(Debug)]
enum Write {
    SignIn(Box<SignIn>),
    SignOut(Revocation, Cause),
}

/// What a write has done.
#[derive(Debug, Default)]
struct Written {
    /// The session of a sign-in.
    session: Option<LiveSession>,
    ended: Vec<SessionHandle>,
    /// The ids of the events.
    events: Vec<String>,
}

/// Why a write has done nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the browser has no room for another account")]
    TooManyAccounts,
    #[error("the user has as many sessions as the app allows")]
    TooManySessions,
    #[error(transparent)]
    Database(Arc<sqlx::Error>),
}

impl From<sqlx::Error> for WriteError {
    fn from(cause: sqlx::Error) -> Self {
        Self::Database(Arc::new(cause))
    }
}

/// The writes that wait.
#[derive(Debug)]
pub(crate) struct Writes {
    queue: Arc<WorkQueue<Job>>,
    session_limit: Option<SessionLimit>,
}

struct Job {
    since: Instant,
    write: Write,
    answer: oneshot::Sender<Result<Written, WriteError>>,
}

impl Guardian {
    /// Signs in: writes the session, and ends what it replaces.
    pub(crate) async fn write_sign_in(&self, sign_in: SignIn) -> Result<LiveSession, WriteError> {
        let written = self.write(Write::SignIn(Box::new(sign_in))).await?;
        Ok(written.session.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Ends sessions. Returns them, and the ids of the events.
    pub(crate) async fn revoke(
        &self,
        revocation: Revocation,
        cause: Cause,
    ) -> Result<(Vec<SessionHandle>, Vec<String>), WriteError> {
        // Without targets no database is needed, and nothing can fail.
        if revocation.targets.is_empty() {
            return Ok(Default::default());
        }
        let written = self.write(Write::SignOut(revocation, cause)).await?;
        Ok((written.ended, written.events))
    }

    async fn write(&self, write: Write) -> Result<Written, WriteError> {
        let (answer, written) = oneshot::channel();
        let job = Job {
            since: Instant::now(),
            write,
            answer,
        };
        if let Some(worker) = self.0.writes.queue.push(job) {
            let writer = Writer {
                guardian: self.clone(),
                worker,
            };
            // In a task, which goes on for the other writes when this request is dropped.
            tokio::spawn(writer.keep_writing());
        }
        written.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

impl Writes {
    pub(crate) fn new(database: &Database, session_limit: Option<SessionLimit>) -> Self {
        Self {
            queue: WorkQueue::of(database),
            session_limit,
        }
    }

    /// How many writes wait for a writer.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }
}

/// Carries out writes until none wait.
struct Writer {
    guardian: Guardian,
    worker: Worker<Job>,
}

impl Writer {
    /// After a panic, which loses the writes of one transaction, goes on with the next.
    async fn keep_writing(mut self) {
        loop {
            let run = AssertUnwindSafe(self.carry_out_all()).catch_unwind();
            if run.await.is_ok() {
                return;
            }
        }
    }

    async fn carry_out_all(&mut self) {
        let mut kept: Option<DurableConnection> = None;
        loop {
            let idle = kept.as_mut().and_then(DurableConnection::idle);
            if !self.worker.has_work(idle).await {
                break;
            }
            let Some(first) = self.worker.take(VecDeque::pop_front) else {
                // Another writer has taken them.
                continue;
            };
            kept = match self.begin(kept.take()).await {
                Ok(transaction) if self.may_share(&first.write) => {
                    // Only now, so that those that have come meanwhile go along.
                    let others = self.others(&first);
                    let jobs = [first].into_iter().chain(others);
                    carry_out_together(transaction, jobs.collect()).await
                }
                Ok(transaction) => carry_out_alone(transaction, first).await,
                Err(cause) => {
                    fail([first].into_iter().chain(self.overdue()), cause);
                    None
                }
            };
        }
        release(kept).await;
    }

    /// Begins a transaction, on the connection of the last one if possible.
    async fn begin(&self, kept: Option<DurableConnection>) -> Result<Transaction, sqlx::Error> {
        let begun = match kept {
            Some(connection) => self.guardian.begin_on(connection).await,
            None => None,
        };
        match begun {
            Some(begun) => begun,
            None => self.guardian.try_begin().await,
        }
    }

    fn may_share(&self, write: &Write) -> bool {
        write.may_share(self.guardian.0.writes.session_limit)
    }

    /// Takes writes that may share the transaction of the first one. A sign-out that came after a sign-in
    /// of its user ends that session, so it waits for the next transaction.
    fn others(&self, first: &Job) -> Vec<Job> {
        let mut signed_in = first.write.locks_as_sign_in();
        self.worker.take(|waiting| {
            let mut taken = Vec::new();
            while taken.len() < BATCH - 1 {
                let Some(Job { write, .. }) = waiting.front() else {
                    break;
                };
                let is_later = write.sign_in().is_none() && write.locks().overlaps(&signed_in);
                if is_later || !self.may_share(write) {
                    break;
                }
                signed_in.extend(write.locks_as_sign_in());
                taken.extend(waiting.pop_front());
            }
            taken
        })
    }

    /// Takes the writes that have waited for long.
    fn overdue(&self) -> Vec<Job> {
        self.worker.take(|waiting| {
            let all = std::mem::take(waiting);
            let (overdue, others): (Vec<Job>, _) = all
                .into_iter()
                .partition(|job| job.since.elapsed() >= LEAST_PATIENCE);
            *waiting = others.into();
            overdue
        })
    }
}

/// Returns a connection to the pool.
async fn release(connection: Option<DurableConnection>) {
    if let Some(connection) = connection {
        connection.release().await;
    }
}

/// Carries out one or more writes in one transaction. Those that would wait for another transaction's locks,
/// and hold the worker up, are carried out alone. Returns the connection after a commit.
async fn carry_out_together(
    mut transaction: Transaction,
    jobs: Vec<Job>,
) -> Option<DurableConnection> {
    let guardian = transaction.guardian().clone();
    let mut locks = Locks::default();
    for job in &jobs {
        locks.extend(job.write.locks());
    }
    let taken = in_time(registry::try_lock(transaction.own_connection(), &locks)).await;
    let (alone, together): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| {
        let is_free = |taken: &Locks| !job.write.locks().overlaps(taken);
        !taken.as_ref().is_ok_and(is_free)
    });
    start_alone(&guardian, alone);
    if together.is_empty() {
        // Dropping it would do, but may cost a connection.
        let _ = transaction.rollback().await;
        return None;
    }
    let writes: Vec<&Write> = together.iter().map(|job| &job.write).collect();
    match write_all(&mut transaction, &writes).await {
        Ok(written) => return commit(transaction, together, written).await,
        Err(WriteError::Database(cause)) if together.len() == 1 && !is_deadlock(&cause) => {
            fail(together, WriteError::Database(cause));
        }
        Err(cause) => {
            tracing::debug!(%cause, "writes that shared a transaction are carried out alone");
            drop(transaction);
            start_alone(&guardian, together);
        }
    }
    None
}

/// Starts a transaction for each write.
fn start_alone(guardian: &Guardian, jobs: Vec<Job>) {
    for job in jobs {
        let guardian = guardian.clone();
        tokio::spawn(async move {
            match guardian.try_begin().await {
                Ok(transaction) => release(carry_out_alone(transaction, job).await).await,
                Err(cause) => fail([job], cause),
            }
        });
    }
}

/// Carries out a write in a transaction that it has to itself. Returns the connection after a commit.
async fn carry_out_alone(mut transaction: Transaction, job: Job) -> Option<DurableConnection> {
    let guardian = transaction.guardian().clone();
    for is_last in [false, false, true] {
        match write_alone(&mut transaction, &job.write).await {
            Ok(written) => return commit(transaction, vec![job], vec![written]).await,
            Err(WriteError::Database(cause)) if !is_last && is_deadlock(&cause) => {
                drop(transaction);
                transaction = match guardian.try_begin().await {
                    Ok(transaction) => transaction,
                    Err(cause) => {
                        fail([job], cause);
                        return None;
                    }
                };
            }
            Err(error) => {
                if !matches!(error, WriteError::Database(_)) {
                    // Dropping it would do, but may cost a connection.
                    let _ = transaction.rollback().await;
                }
                job.finish(Err(error));
                return None;
            }
        }
    }
    None
}

fn is_deadlock(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    code.as_deref() == Some(DEADLOCK)
}

/// Commits, then responds to everybody. Returns the connection.
async fn commit(
    transaction: Transaction,
    jobs: Vec<Job>,
    written: Vec<Written>,
) -> Option<DurableConnection> {
    match transaction.try_commit().await {
        Ok(connection) => {
            for (job, written) in jobs.into_iter().zip(written) {
                job.finish(Ok(written));
            }
            Some(connection)
        }
        // Nobody knows whether it has happened.
        Err(cause) => {
            fail(jobs, cause);
            None
        }
    }
}

fn fail(jobs: impl IntoIterator<Item = Job>, cause: impl Into<WriteError>) {
    let error = cause.into();
    for job in jobs {
        job.finish(Err(error.clone()));
    }
}

impl Job {
    fn finish(self, result: Result<Written, WriteError>) {
        // A dropped request has closed its end.
        let _ = self.answer.send(result);
    }
}

impl Write {
    /// Whether others may be in the same transaction: all but those whose locks are not known before, and
    /// those that may fail for a reason of their own.
    fn may_share(&self, session_limit: Option<SessionLimit>) -> bool {
        match self {
            Self::SignIn(sign_in) => {
                let may_be_refused =
                    session_limit.is_some_and(|limit| limit.overflow == Overflow::Refuse);
                sign_in.carried_over.is_none() && !may_be_refused
            }
            Self::SignOut(revocation, _) => revocation.has_known_locks(),
        }
    }

    fn locks(&self) -> Locks {
        match self {
            Self::SignIn(sign_in) => {
                let session = &sign_in.session;
                Locks::of_sign_in(&session.user_id, session.replaced)
            }
            Self::SignOut(revocation, _) => Locks::of_sign_out(revocation),
        }
    }

    /// The locks of a sign-in; none of a sign-out.
    fn locks_as_sign_in(&self) -> Locks {
        match self {
            Self::SignIn(_) => self.locks(),
            Self::SignOut(..) => Locks::default(),
        }
    }

    /// What it ends, and why.
    fn revocation(&self) -> (Revocation, Cause) {
        match self {
            Self::SignIn(sign_in) => {
                let replaced = Target::Replaced(sign_in.ended.clone());
                let targets = Some(replaced).filter(|_| !sign_in.ended.is_empty());
                let targets = targets.into_iter().collect();
                let revocation = Revocation::new(SignOutScope::Local, targets);
                (revocation, Reason::NewSignIn.into())
            }
            Self::SignOut(revocation, cause) => (revocation.clone(), cause.clone()),
        }
    }

    fn sign_in(&self) -> Option<&SignIn> {
        match self {
            Self::SignIn(sign_in) => Some(sign_in),
            Self::SignOut(..) => None,
        }
    }
}

/// Writes in a transaction that it has to itself. Waits for other transactions' locks.
async fn write_alone(transaction: &mut Transaction, write: &Write) -> Result<Written, WriteError> {
    let guardian = transaction.guardian().clone();
    let (clock, limit) = (&guardian.0.clock, guardian.0.accounts_per_browser);
    let connection = transaction.own_connection();
    match write {
        Write::SignIn(_) => in_time(registry::lock(connection, &write.locks())).await?,
        Write::SignOut(revocation, _) => {
            let lock = registry::lock_for_sign_out(connection, revocation, clock.now());
            in_time(lock).await?;
        }
    }
    if let Some(sign_in) = write.sign_in()
        && let Some(carry_over) = &sign_in.carried_over
    {
        let connection = transaction.own_connection();
        let except = Some(sign_in.session.user_id.as_str());
        let moved = registry::carry_over(connection, carry_over, except, clock.now());
        // Another sign-in on this browser may have been faster.
        if in_time(moved).await? >= limit as u64 {
            return Err(WriteError::TooManyAccounts);
        }
        let CarryOver { old, new, .. } = carry_over;
        transaction.move_waiting_data(old, new).await?;
    }
    let written = write_all(transaction, &[write]).await?;
    Ok(written.into_iter().next().unwrap_or_default())
}

/// Carries out writes whose locks the transaction has. The sign-outs come first, so that no session is older
/// than a sign-out that has spared it.
async fn write_all(
    transaction: &mut Transaction,
    writes: &[&Write],
) -> Result<Vec<Written>, WriteError> {
    let revocations: Vec<_> = writes.iter().map(|write| write.revocation()).collect();
    let events = transaction.revoke_all(&revocations).await?;
    let mut written: Vec<Written> = events.into_iter().map(Written::from).collect();
    let sign_ins = writes.iter().zip(&mut written);
    let sign_ins = sign_ins.filter_map(|(write, written)| Some((write.sign_in()?, written)));
    let (sign_ins, results): (Vec<&SignIn>, Vec<&mut Written>) = sign_ins.unzip();
    if sign_ins.is_empty() {
        return Ok(written);
    }
    let with_data = sign_ins.iter().filter(|sign_in| sign_in.session.has_data);
    let data: Vec<_> = with_data.map(|sign_in| &sign_in.data).collect();
    in_time(registry::insert_data(transaction.own_connection(), &data)).await?;
    let sessions: Vec<_> = sign_ins.iter().map(|sign_in| &sign_in.session).collect();
    // After the locks: the sign-outs that they have waited for must be older.
    let guardian = transaction.guardian().clone();
    let now = guardian.0.clock.now();
    let (places, overflow) = places(transaction, &sessions, now).await?;
    let stored = sessions.iter().zip(places).map(|(session, place)| {
        let expires_at = guardian.expiry(&session.lifetime, now, now);
        (*session, Stored { expires_at, place })
    });
    let stored: Vec<_> = stored.collect();
    let insert = registry::insert(transaction.own_connection(), &stored, now);
    for (session, result) in in_time(insert).await?.into_iter().zip(results) {
        result.session = Some(session);
    }
    if !overflow.is_empty() {
        transaction.revoke_all(&overflow).await?;
    }
    Ok(written)
}

/// Returns the sessions' places among those of their users, and what must end after they are stored, so that
/// no user has more than the app allows. Without a limit, this costs nothing.
async fn places(
    transaction: &mut Transaction,
    sessions: &[&NewSession],
    now: i64,
) -> Result<(Vec<i64>, Vec<(Revocation, Cause)>), WriteError> {
    let Some(limit) = transaction.guardian().0.session_limit else {
        return Ok((vec![0; sessions.len()], Vec::new()));
    };
    let users: BTreeSet<&String> = sessions.iter().map(|session| &session.user_id).collect();
    let users: Vec<String> = users.into_iter().cloned().collect();
    let count = registry::count_sessions(transaction.own_connection(), &users, now);
    let mut taken = in_time(count).await?;
    let places = sessions.iter().map(|session| {
        let of_user = taken.entry(session.user_id.clone()).or_default();
        of_user.sessions += 1;
        of_user.last_place += 1;
        of_user.last_place
    });
    let places = places.collect();
    let most = i64::try_from(limit.sessions).unwrap_or(i64::MAX);
    let mut overflow = Vec::new();
    for (user_id, Taken { sessions, .. }) in taken {
        if sessions > most {
            let oldest = vec![Target::Oldest(user_id, sessions - most)];
            let revocation = Revocation::new(SignOutScope::Local, oldest);
            overflow.push((revocation, Reason::SessionLimit.into()));
        }
    }
    if limit.overflow == Overflow::Refuse && !overflow.is_empty() {
        return Err(WriteError::TooManySessions);
    }
    Ok((places, overflow))
}

impl From<Vec<SignOutEvent>> for Written {
    fn from(events: Vec<SignOutEvent>) -> Self {
        Self {
            session: None,
            events: events.iter().map(|event| event.id.clone()).collect(),
            ended: events.into_iter().flat_map(|event| event.ended).collect(),
        }
    }
}
