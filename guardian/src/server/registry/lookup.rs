//! The session check. Checks that wait at the same time share one read, and a connection goes from
//! one read to the next: that is much of what a busy server saves.
//!
//! A check only joins a read that has not begun. So it sees every sign-out that was committed
//! before it, as if it had read alone.

use super::{decode, push_in};
use crate::{
    SessionHandle, User,
    server::{
        Connection, Database, connection::PooledConnection, database::in_time, token::TokenHash,
    },
    with_connection,
};
use sqlx::{QueryBuilder, Row};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// How many reads run side by side, each on a connection of its own. More are slower on SQLite:
/// each is a thread, and they wake each other. On PostgreSQL they take half of the pool's
/// connections, and leave the other half to whatever else the site does.
const SQLITE_READERS: usize = 2;
const POSTGRES_READERS: usize = 4;

/// How many checks one read answers at most: each number is a statement of its own, which the
/// connection keeps prepared.
const BATCH: usize = 32;

/// A session that a request belongs to.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    pub(crate) user: Arc<User>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
}

impl LiveSession {
    pub(crate) fn handle(&self) -> &SessionHandle {
        &self.user.session
    }
}

/// The sessions behind a token, or why they cannot be told. One failure may concern many.
type Found = Result<Vec<LiveSession>, Arc<sqlx::Error>>;

/// Answers session checks.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    database: Database,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Check>,
    readers: usize,
}

#[derive(Debug)]
struct Check {
    token: TokenHash,
    answer: oneshot::Sender<Found>,
}

impl Lookup {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            queue: Arc::default(),
        }
    }

    /// The sessions behind a browser's token, expired ones too, the active account's first.
    pub(super) async fn find(&self, token: &TokenHash) -> Found {
        let (answer, found) = oneshot::channel();
        let check = Check {
            token: *token,
            answer,
        };
        if let Some(reader) = self.enqueue(check) {
            // In a task, which goes on for the others when this request is given up.
            tokio::spawn(reader.run());
        }
        in_time(async { found.await.map_err(|_| sqlx::Error::WorkerCrashed) })
            .await
            .map_err(Arc::new)?
    }

    /// Answers a reader if there may be one more.
    fn enqueue(&self, check: Check) -> Option<Reader> {
        let mut queue = self.queue();
        queue.waiting.push(check);
        let most = match self.database {
            Database::Sqlite(_) => SQLITE_READERS,
            Database::Postgres(_) => POSTGRES_READERS,
        };
        if queue.readers == most {
            return None;
        }
        queue.readers += 1;
        Some(Reader {
            lookup: self.clone(),
            is_counted: true,
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until no check waits.
struct Reader {
    lookup: Lookup,
    is_counted: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Only after a panic, or with its runtime.
        if self.is_counted {
            self.lookup.queue().readers -= 1;
        }
    }
}

impl Reader {
    async fn run(mut self) {
        let mut kept = None;
        loop {
            // First, so that the checks that come meanwhile share the read.
            let connection = match kept.take() {
                Some(connection) => Ok(connection),
                None => PooledConnection::acquire(&self.lookup.database).await,
            };
            let Some(checks) = self.next_checks() else {
                return;
            };
            let found = match connection {
                Ok(mut connection) => {
                    let found = in_time(read(connection.connection(), &checks)).await;
                    // One that failed may be broken.
                    kept = found.is_ok().then_some(connection);
                    found
                }
                Err(cause) => Err(cause),
            };
            let found = found.map_err(Arc::new);
            for Check { token, answer } in checks {
                let of_token = match &found {
                    // Several requests of one browser may wait here.
                    Ok(found) => found.get(&token).cloned().unwrap_or(Ok(Vec::new())),
                    Err(cause) => Err(Arc::clone(cause)),
                };
                // A request that was given up does not listen.
                let _ = answer.send(of_token);
            }
        }
    }

    /// Takes checks that wait. `None` when there are none: then this reader no longer counts.
    fn next_checks(&mut self) -> Option<Vec<Check>> {
        let mut queue = self.lookup.queue();
        queue.waiting.retain(|check| !check.answer.is_closed());
        if queue.waiting.is_empty() {
            queue.readers -= 1;
            self.is_counted = false;
            return None;
        }
        let count = queue.waiting.len().min(BATCH);
        Some(queue.waiting.drain(..count).collect())
    }
}

/// The sessions behind each token. A row that cannot be read is one browser's failure.
async fn read(
    connection: Connection<'_>,
    checks: &[Check],
) -> Result<HashMap<TokenHash, Found>, sqlx::Error> {
    const FIND: &str = "select token_hash, handle, user_id, profile, created_at, last_seen_at,
        expires_at from guardian_session where token_hash";
    let tokens: Vec<_> = checks.iter().map(|check| check.token.to_string()).collect();
    with_connection!(connection, connection => {
        let mut query = QueryBuilder::new(FIND);
        push_in(&mut query, &tokens);
        query.push(" order by active desc");
        let mut found: HashMap<TokenHash, Found> = HashMap::new();
        for row in query.build().fetch_all(&mut *connection).await? {
            let token: &str = row.try_get("token_hash")?;
            let Some(token) = TokenHash::parse(token) else {
                continue;
            };
            let of_token = found.entry(token).or_insert(Ok(Vec::new()));
            match (read_session(&row), of_token) {
                (Ok(session), Ok(sessions)) => sessions.push(session),
                (Err(cause), of_token) => *of_token = Err(Arc::new(cause)),
                (Ok(_), Err(_)) => {}
            }
        }
        Ok(found)
    })
}

fn read_session<R>(row: &R) -> Result<LiveSession, sqlx::Error>
where
    R: Row,
    for<'r> &'r str: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    for<'r> String: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    for<'r> i64: sqlx::Type<R::Database> + sqlx::Decode<'r, R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
{
    Ok(LiveSession {
        user: Arc::new(User {
            id: row.try_get("user_id")?,
            profile: decode(row.try_get("profile")?)?,
            session: SessionHandle(row.try_get("handle")?),
        }),
        created_at: row.try_get("created_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqlitePool;

    fn lookup() -> Lookup {
        let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
        Lookup::new(Database::Sqlite(pool))
    }

    fn check() -> (Check, oneshot::Receiver<Found>) {
        let token = TokenHash::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let (answer, found) = oneshot::channel();
        (Check { token, answer }, found)
    }

    #[tokio::test]
    async fn a_reader_that_dies_makes_room_for_another() {
        let lookup = lookup();
        for _ in 0..2 * SQLITE_READERS {
            let (check, _found) = check();
            let reader = lookup.enqueue(check);
            assert!(reader.is_some());
        }
    }

    #[tokio::test]
    async fn a_check_that_nobody_waits_for_is_not_read() {
        let lookup = lookup();
        let (check, found) = check();
        let mut reader = lookup.enqueue(check).unwrap();
        drop(found);
        assert!(reader.next_checks().is_none());
    }
}
