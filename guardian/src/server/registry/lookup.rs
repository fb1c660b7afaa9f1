//! The session check. Checks that wait at the same time share one read, and one read after the
//! other uses the same connection. That is much of what a busy server saves.
//!
//! A check only joins a read that has not begun. So it sees every sign-out that was committed
//! before it, as if it had read alone.

use super::sql::decode;
use crate::{
    Profile, SessionHandle, User,
    fields::Fields,
    server::{
        Connection, Database, Proof,
        backend::BackendConnection as _,
        kept_connection::KeptConnection,
        lifetime::Lifetime,
        time_limit::in_time,
        token::TokenHash,
        work_queue::{KEEP, WorkQueue, Worker},
    },
    with_connection,
};
use sqlx::{Connection as _, QueryBuilder, Row};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// The most checks that share one read.
const BATCH: usize = 32;

/// The least time that a check waits for a connection before it fails: half as long as a reader
/// waits for one, so that no check waits in vain twice.
const LEAST_PATIENCE: Duration = Duration::from_millis(1500);

/// A session that a request belongs to.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    pub(crate) user: Arc<User>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) lifetime: Lifetime,
    /// Whether it also needs the cookie [`STILL_OPEN`](crate::server::cookie::STILL_OPEN).
    pub(crate) needs_still_open: bool,
    pub(crate) proof: Proof,
}

impl LiveSession {
    pub(crate) fn handle(&self) -> &SessionHandle {
        &self.user.session
    }
}

/// The sessions behind a token, or why the read failed. One failure may concern many checks.
type Found = Result<Vec<LiveSession>, Arc<sqlx::Error>>;

/// Carries out session checks.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    database: Database,
    keep: Duration,
    queue: Arc<WorkQueue<Check>>,
}

#[derive(Debug)]
struct Check {
    since: Instant,
    token: TokenHash,
    answer: oneshot::Sender<Found>,
}

impl Lookup {
    pub(super) fn new(database: Database) -> Self {
        Self {
            queue: WorkQueue::of(&database),
            database,
            keep: KEEP,
        }
    }

    /// Returns the sessions behind a browser's token, expired ones included, the active account's first.
    pub(super) async fn find(&self, token: &TokenHash) -> Found {
        let (answer, found) = oneshot::channel();
        let check = Check {
            since: Instant::now(),
            token: *token,
            answer,
        };
        if let Some(worker) = self.queue.push(check) {
            let reader = Reader {
                lookup: self.clone(),
                worker,
            };
            // In a task, which goes on for the other checks when this request is dropped.
            tokio::spawn(reader.run());
        }
        in_time(async { found.await.map_err(|_| sqlx::Error::WorkerCrashed) })
            .await
            .map_err(Arc::new)?
    }
}

/// Reads until no check waits.
struct Reader {
    lookup: Lookup,
    worker: Worker<Check>,
}

impl Reader {
    async fn run(mut self) {
        let mut kept: Option<KeptConnection> = None;
        loop {
            let idle = kept.as_mut().and_then(KeptConnection::idle);
            if !self.worker.has_work(idle).await {
                return;
            }
            kept = kept.filter(KeptConnection::may_be_kept);
            // First, so that the checks that come meanwhile share the read.
            let connection = match kept.take() {
                Some(kept) => Ok(kept),
                None => KeptConnection::acquire(&self.lookup.database, self.lookup.keep).await,
            };
            let mut connection = match connection {
                Ok(connection) => connection,
                Err(cause) => {
                    tell(self.next_checks(has_waited), &Err(Arc::new(cause)));
                    continue;
                }
            };
            let checks = self.next_checks(fits);
            if checks.is_empty() {
                // Another reader has taken them, or nobody waits for them any more.
                kept = Some(connection);
                continue;
            }
            let found = in_time(read(connection.connection(), &checks)).await;
            match found {
                Ok(_) => kept = Some(connection),
                // The connection failed, not the query: the checks move to another connection. (After
                // the time limit nobody waits for them.)
                Err(_) if !checks.iter().all(has_gone) && is_broken(&mut connection).await => {
                    self.put_back(checks);
                    continue;
                }
                Err(_) => {}
            }
            tell(checks, &found.map_err(Arc::new));
        }
    }

    /// Takes waiting checks as long as `wanted` accepts the next one; it gets the number of those
    /// taken so far.
    fn next_checks(&self, wanted: impl Fn(usize, &Check) -> bool) -> Vec<Check> {
        self.worker.take(|waiting| {
            let mut checks = Vec::new();
            while let Some(check) = waiting.pop_front() {
                if has_gone(&check) {
                    continue;
                }
                if !wanted(checks.len(), &check) {
                    waiting.push_front(check);
                    break;
                }
                checks.push(check);
            }
            checks
        })
    }

    fn put_back(&self, checks: Vec<Check>) {
        self.worker.take(|waiting| {
            for check in checks.into_iter().rev() {
                waiting.push_front(check);
            }
        });
    }
}

fn has_gone(check: &Check) -> bool {
    check.answer.is_closed()
}

fn fits(count: usize, _: &Check) -> bool {
    count < BATCH
}

/// Whether the check has waited long enough to fail for want of a connection. Another reader, which
/// has one, may carry out the others.
fn has_waited(_: usize, check: &Check) -> bool {
    check.since.elapsed() >= LEAST_PATIENCE
}

/// Whether a connection is lost, so that its error says nothing about the query.
async fn is_broken(connection: &mut KeptConnection) -> bool {
    let ping =
        async { with_connection!(connection.connection(), connection => connection.ping().await) };
    in_time(ping).await.is_err()
}

fn tell(checks: Vec<Check>, found: &Result<HashMap<TokenHash, Found>, Arc<sqlx::Error>>) {
    for Check { token, answer, .. } in checks {
        let of_token = match found {
            // Several requests of one browser may wait here.
            Ok(found) => found.get(&token).cloned().unwrap_or(Ok(Vec::new())),
            Err(cause) => Err(Arc::clone(cause)),
        };
        // A dropped request has closed its end.
        let _ = answer.send(of_token);
    }
}

/// Reads the sessions behind each token. A row that cannot be decoded fails one browser only.
async fn read(
    connection: Connection<'_>,
    checks: &[Check],
) -> Result<HashMap<TokenHash, Found>, sqlx::Error> {
    const FIND: &str =
        "select token_hash, handle, user_id, active, profile, fields, created_at, last_seen_at,
        expires_at, idle_seconds, age_seconds, is_remembered, needs_still_open,
        coalesce(proved_at, created_at) as proved_at, coalesce(proof_method, method) as proof_method
        from ";
    let tokens: BTreeSet<_> = checks.iter().map(|check| check.token.to_string()).collect();
    let mut found: HashMap<TokenHash, Result<Vec<(i64, LiveSession)>, _>> = HashMap::new();
    with_connection!(connection, connection => {
        let mut query = QueryBuilder::new(FIND);
        connection.push_sessions_of(&mut query, tokens.into_iter().collect());
        for row in query.build().fetch_all(&mut *connection).await? {
            let token: &str = row.try_get("token_hash")?;
            let Some(token) = TokenHash::parse(token) else {
                continue;
            };
            let of_token = found.entry(token).or_insert(Ok(Vec::new()));
            let session = row.try_get("active").and_then(|active| Ok((active, read_session(&row)?)));
            match (session, of_token) {
                (Ok(session), Ok(sessions)) => sessions.push(session),
                (Err(cause), of_token) => *of_token = Err(Arc::new(cause)),
                (Ok(_), Err(_)) => {}
            }
        }
    });
    let sorted = found.into_iter().map(|(token, sessions)| {
        let sessions = sessions.map(|mut sessions| {
            sessions.sort_by_key(|(active, _)| Reverse(*active));
            sessions.into_iter().map(|(_, session)| session).collect()
        });
        (token, sessions)
    });
    Ok(sorted.collect())
}

fn read_session<R>(row: &R) -> Result<LiveSession, sqlx::Error>
where
    R: Row,
    for<'r> &'r str: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    for<'r> String: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    for<'r> i64: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
{
    let mut profile: Profile = decode(row.try_get("profile")?)?;
    profile.fields = Fields::from_stored(row.try_get("fields")?);
    Ok(LiveSession {
        user: Arc::new(User {
            id: row.try_get("user_id")?,
            profile,
            session: SessionHandle(row.try_get("handle")?),
        }),
        created_at: row.try_get("created_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        expires_at: row.try_get("expires_at")?,
        lifetime: Lifetime {
            idle_seconds: row.try_get("idle_seconds")?,
            age_seconds: row.try_get("age_seconds")?,
            is_remembered: row.try_get::<i64, _>("is_remembered")? != 0,
        },
        needs_still_open: row.try_get::<i64, _>("needs_still_open")? != 0,
        proof: Proof {
            method: row.try_get("proof_method")?,
            proved_at: row.try_get("proved_at")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::registry::tables;
    use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    fn lookup() -> Lookup {
        let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
        Lookup::new(Database::Sqlite(pool))
    }

    impl Lookup {
        /// Adds a check. Returns a reader that has not begun.
        fn reader(&self, check: Check) -> Reader {
            let worker = self.queue.push(check).expect("room for a reader");
            Reader {
                lookup: self.clone(),
                worker,
            }
        }
    }

    fn check() -> (Check, oneshot::Receiver<Found>) {
        let token = TokenHash::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let (answer, found) = oneshot::channel();
        let since = Instant::now();
        let check = Check {
            since,
            token,
            answer,
        };
        (check, found)
    }

    #[tokio::test]
    async fn a_dropped_check_is_not_read() {
        let lookup = lookup();
        let (check, found) = check();
        let reader = lookup.reader(check);
        drop(found);
        assert!(reader.next_checks(fits).is_empty());
    }

    #[tokio::test]
    async fn as_many_checks_share_a_read_as_fit() {
        let lookup = lookup();
        let (first, _found) = check();
        let reader = lookup.reader(first);
        let mut founds = Vec::new();
        for _ in 0..BATCH {
            let (check, found) = check();
            drop(lookup.queue.push(check));
            founds.push(found);
        }
        assert_eq!(reader.next_checks(fits).len(), BATCH);
        assert_eq!(reader.next_checks(fits).len(), 1);
        assert!(reader.next_checks(fits).is_empty());
    }

    #[tokio::test]
    async fn one_read_after_the_other_uses_the_same_connection() {
        let acquired = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&acquired);
        let pool = SqlitePoolOptions::new().before_acquire(move |_, _| {
            count.fetch_add(1, Relaxed);
            Box::pin(async { Ok(true) })
        });
        let pool = pool.max_connections(1).connect("sqlite::memory:");
        let database = Database::Sqlite(pool.await.unwrap());
        database.migrate("sessions", &tables::STEPS).await.unwrap();
        let lookup = Lookup::new(database);
        let (reader, mut founds) = (lookup.reader(check().0), Vec::new());
        for _ in 0..10 * BATCH {
            let (check, found) = check();
            drop(lookup.queue.push(check));
            founds.push(found);
        }
        acquired.store(0, Relaxed);
        reader.run().await;
        for found in founds {
            found.await.unwrap().unwrap();
        }
        assert_eq!(acquired.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn a_new_check_does_not_fail_for_want_of_a_connection() {
        let lookup = lookup();
        let (mut old, _old) = check();
        old.since -= LEAST_PATIENCE;
        let (new, _new) = check();
        let reader = lookup.reader(old);
        drop(lookup.queue.push(new));
        assert_eq!(reader.next_checks(has_waited).len(), 1);
    }

    #[tokio::test]
    async fn endless_checks_let_others_use_the_only_connection() {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect("sqlite::memory:").await.unwrap();
        let database = Database::Sqlite(pool.clone());
        database.migrate("sessions", &tables::STEPS).await.unwrap();
        let mut lookup = Lookup::new(database);
        // A fraction of the time that so many checks take on the fastest machine.
        lookup.keep = KEEP / 100;
        let (reader, mut founds) = (lookup.reader(check().0), Vec::new());
        for _ in 0..200_000 {
            let (check, found) = check();
            drop(lookup.queue.push(check));
            founds.push(found);
        }
        let reading = tokio::spawn(reader.run());
        // From here on the reader has the connection.
        (&mut founds[0]).await.unwrap().unwrap();
        drop(pool.acquire().await.unwrap());
        assert!(lookup.queue.len() > 0, "it came last");
        reading.abort();
    }
}
