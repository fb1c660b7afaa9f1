//! Sign-ins and sign-outs. Those that wait at the same moment share one transaction, and with it one commit:
//! that is most of what they cost.
//!
//! A writer takes the first write, and begins. What has come meanwhile goes along. So a write that comes
//! alone does not wait for others. Each gets its own result, and only after the commit that holds it. If
//! one fails, each of the others is carried out alone.
//!
//! On PostgreSQL, a write may have to wait for a lock that another transaction has. It goes to a queue of
//! its own, so that it holds up no other. That queue has as many writers, so connections are left for
//! everything else.

use super::{
    Cause, Guardian, SignOutEvent, Transaction,
    backend::Patience,
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
    io,
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

/// How long a write waits for other transactions' locks. Those that wait take turns: a turn lasts as long as a
/// transaction with [`Patience::Short`] waits.
const LOCK_PATIENCE: Duration = Duration::from_secs(4);

/// PostgreSQL has given up a lock that was not free in time, or has ended one of two transactions that waited for
/// each other (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const WAITED_IN_VAIN: [&str; 2] = ["55P03", "40P01"];

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
    /// Those that wait for other transactions' locks.
    blocked: Arc<WorkQueue<Job>>,
    session_limit: Option<SessionLimit>,
}

struct Job {
    since: Instant,
    write: Write,
    mode: Mode,
    answer: oneshot::Sender<Result<Written, WriteError>>,
}

/// How a write is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// With others, if it may share a transaction.
    Shared,
    /// Alone: a transaction that it shared has failed.
    Alone,
    /// Alone, and it waits for locks.
    Blocked,
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
        self.enqueue(Job {
            since: Instant::now(),
            write,
            mode: Mode::Shared,
            answer,
        });
        written.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Lets a write wait for a writer.
    fn enqueue(&self, job: Job) {
        let queue = match job.mode {
            Mode::Shared | Mode::Alone => &self.0.writes.queue,
            Mode::Blocked => &self.0.writes.blocked,
        };
        if let Some(worker) = queue.push(job) {
            let writer = Writer {
                guardian: self.clone(),
                worker,
            };
            // In a task, which goes on for the other writes when this request is dropped.
            tokio::spawn(writer.keep_writing());
        }
    }
}

impl Writes {
    pub(crate) fn new(database: &Database, session_limit: Option<SessionLimit>) -> Self {
        Self {
            queue: WorkQueue::of(database),
            blocked: WorkQueue::of(database),
            session_limit,
        }
    }

    /// How many writes wait for a writer.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len() + self.blocked.len()
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
            let Some(first) = self.first() else {
                // Another writer has taken them.
                continue;
            };
            kept = match self.begin(kept.take()).await {
                Ok(transaction) => {
                    // Only now, so that those that have come meanwhile go along.
                    let others = self.others(&first);
                    let jobs = [first].into_iter().chain(others);
                    self.carry_out(transaction, jobs.collect()).await
                }
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
            Some(connection) => self.guardian.begin_on(connection, Patience::Short).await,
            None => None,
        };
        match begun {
            Some(begun) => begun,
            None => self.guardian.try_begin(Patience::Short).await,
        }
    }

    fn may_share(&self, job: &Job) -> bool {
        let limit = self.guardian.0.writes.session_limit;
        job.mode == Mode::Shared && job.write.may_share(limit)
    }

    /// Takes a write, unless it has waited for too long.
    fn first(&self) -> Option<Job> {
        let first = self.worker.take(next)?;
        let has_one_writer = self.guardian.0.registry.database().has_one_writer();
        let waited = first.since.elapsed();
        match first.mode {
            // Several that wait for locks, one after the other, hold up the rest.
            Mode::Alone if waited >= LEAST_PATIENCE && !has_one_writer => {
                self.wait_for_locks([first]);
            }
            Mode::Blocked if waited >= LOCK_PATIENCE => fail([first], no_turn()),
            _ => return Some(first),
        }
        None
    }

    /// Takes writes that may share the transaction of the first one. A sign-out that came after a sign-in
    /// of its user ends that session, so it waits for the next transaction.
    fn others(&self, first: &Job) -> Vec<Job> {
        let mut taken = Vec::new();
        if !self.may_share(first) {
            return taken;
        }
        let mut signed_in = first.write.locks_as_sign_in();
        self.worker.take(|waiting| {
            while taken.len() < BATCH - 1 {
                let Some(job) = next(waiting) else {
                    break;
                };
                let write = &job.write;
                let is_later = write.sign_in().is_none() && write.locks().overlaps(&signed_in);
                if is_later || !self.may_share(&job) {
                    waiting.push_front(job);
                    break;
                }
                signed_in.extend(write.locks_as_sign_in());
                taken.push(job);
            }
        });
        taken
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

    /// Carries out one or more writes in one transaction. Returns the connection after a commit.
    async fn carry_out(
        &self,
        mut transaction: Transaction,
        mut jobs: Vec<Job>,
    ) -> Option<DurableConnection> {
        match self.try_writing(&mut transaction, &mut jobs).await {
            Ok(written) => commit(transaction, jobs, written).await,
            Err(error) => {
                undo(transaction, &error).await;
                self.retry(jobs, error);
                None
            }
        }
    }

    /// Writes. Those whose locks other transactions have leave `jobs`: they would hold up the rest.
    async fn try_writing(
        &self,
        transaction: &mut Transaction,
        jobs: &mut Vec<Job>,
    ) -> Result<Vec<Written>, WriteError> {
        if let [job] = &jobs[..]
            && job.waits_for_locks()
        {
            return Ok(vec![write_alone(transaction, &job.write).await?]);
        }
        let mut locks = Locks::default();
        for job in &*jobs {
            locks.extend(job.write.locks());
        }
        let others = in_time(registry::try_lock(transaction.own_connection(), &locks)).await?;
        let is_blocked = |job: &Job| job.write.locks().overlaps(&others);
        let (blocked, free): (Vec<_>, _) = jobs.drain(..).partition(is_blocked);
        *jobs = free;
        self.wait_for_locks(blocked);
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let writes: Vec<&Write> = jobs.iter().map(|job| &job.write).collect();
        write_all(transaction, &writes).await
    }

    /// Lets writes whose transaction has failed be carried out alone, before later ones: no sign-out passes a
    /// sign-in that it must end. One that was alone waits for a lock, or has failed.
    fn retry(&self, jobs: Vec<Job>, error: WriteError) {
        let may_wait = |job: &Job| job.since.elapsed() < LOCK_PATIENCE;
        if jobs.len() > 1 {
            tracing::debug!(%error, "writes that shared a transaction are carried out alone");
            let alone = jobs.into_iter().map(|job| job.with(Mode::Alone));
            self.worker
                .take(|waiting| alone.rev().for_each(|job| waiting.push_front(job)));
        } else if waits_for_lock(&error) && jobs.iter().all(may_wait) {
            self.wait_for_locks(jobs);
        } else {
            fail(jobs, error);
        }
    }

    fn wait_for_locks(&self, jobs: impl IntoIterator<Item = Job>) {
        for job in jobs {
            self.guardian.enqueue(job.with(Mode::Blocked));
        }
    }
}

/// Returns a connection to the pool.
async fn release(connection: Option<DurableConnection>) {
    if let Some(connection) = connection {
        connection.release().await;
    }
}

/// Undoes a transaction. Dropping it would do, but may cost a connection. After other failures, only that is sure
/// to work.
async fn undo(transaction: Transaction, error: &WriteError) {
    if !matches!(error, WriteError::Database(_)) || waits_for_lock(error) {
        let _ = transaction.rollback().await;
    }
}

/// Whether another transaction has a lock that a write needs.
fn waits_for_lock(error: &WriteError) -> bool {
    let WriteError::Database(cause) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(|cause| cause.code());
    code.is_some_and(|code| WAITED_IN_VAIN.contains(&&*code))
}

fn no_turn() -> sqlx::Error {
    let message = "other writes have waited for locks all the time";
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

/// Commits, then responds to everybody. Returns the connection. If nobody is left to respond to, undoes the
/// transaction.
async fn commit(
    transaction: Transaction,
    jobs: Vec<Job>,
    written: Vec<Written>,
) -> Option<DurableConnection> {
    if jobs.iter().all(Job::is_gone) {
        let _ = transaction.rollback().await;
        return None;
    }
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

/// Takes the next write. A sign-in whose request is gone is dropped: no browser would have its session.
fn next(waiting: &mut VecDeque<Job>) -> Option<Job> {
    while waiting.front().is_some_and(Job::is_gone) {
        waiting.pop_front();
    }
    waiting.pop_front()
}

impl Job {
    fn with(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Whether it waits for its locks. Others take them only if they are free.
    fn waits_for_locks(&self) -> bool {
        self.mode == Mode::Blocked || !self.write.has_known_locks()
    }

    /// Whether it is a sign-in whose request is gone. A sign-out is carried out all the same.
    fn is_gone(&self) -> bool {
        self.write.sign_in().is_some() && self.answer.is_closed()
    }

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
            Self::SignOut(..) => self.has_known_locks(),
        }
    }

    fn has_known_locks(&self) -> bool {
        match self {
            Self::SignIn(_) => true,
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
    let clock = &guardian.0.clock;
    let connection = transaction.own_connection();
    match write {
        Write::SignIn(_) => in_time(registry::lock(connection, &write.locks())).await?,
        Write::SignOut(revocation, _) => {
            let lock = registry::lock_for_sign_out(connection, revocation, clock.now());
            in_time(lock).await?;
        }
    }
    let written = write_all(transaction, &[write]).await?;
    Ok(written.into_iter().next().unwrap_or_default())
}

/// Moves the browser's other accounts, if there are any, to its new token.
async fn carry_over(transaction: &mut Transaction, sign_in: &SignIn) -> Result<(), WriteError> {
    let Some(carry_over) = &sign_in.carried_over else {
        return Ok(());
    };
    let guardian = transaction.guardian().clone();
    let except = Some(sign_in.session.user_id.as_str());
    let connection = transaction.own_connection();
    let moved = registry::carry_over(connection, carry_over, except, guardian.0.clock.now());
    // Another sign-in on this browser may have been faster.
    if in_time(moved).await? >= guardian.0.accounts_per_browser as u64 {
        return Err(WriteError::TooManyAccounts);
    }
    let CarryOver { old, new, .. } = carry_over;
    Ok(transaction.move_waiting_data(old, new).await?)
}

/// Carries out writes whose locks the transaction has. The sign-outs come first, so that no session is older
/// than a sign-out that has spared it.
async fn write_all(
    transaction: &mut Transaction,
    writes: &[&Write],
) -> Result<Vec<Written>, WriteError> {
    for sign_in in writes.iter().filter_map(|write| write.sign_in()) {
        carry_over(transaction, sign_in).await?;
    }
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
