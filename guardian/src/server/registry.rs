//! Every session and every sign-out: all of the library's SQL.
//!
//! One text serves SQLite and PostgreSQL. "Now" is always a parameter, in seconds since the
//! Unix epoch, so that the database's clock and the server's need not agree. Transactions
//! begin with a write, so that SQLite takes its write lock at once and never fails half-way
//! for want of it.

use super::{Database, event::SignOutEvent, store, token::TokenHash};
use crate::{Profile, Reason, SessionHandle, SignOutScope, User, with_pool};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, error::BoxDynError};
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLES: [&str; 6] = [
    "create table if not exists guardian_session (
        handle text primary key,
        token_hash text not null,
        user_id text not null,
        profile text not null,
        method text not null,
        active bigint not null,
        user_agent text,
        ip text,
        created_at bigint not null,
        last_seen_at bigint not null,
        expires_at bigint not null
    )",
    "create index if not exists guardian_session_token on guardian_session (token_hash)",
    "create index if not exists guardian_session_user on guardian_session (user_id)",
    "create index if not exists guardian_session_expiry on guardian_session (expires_at)",
    "create table if not exists guardian_event (
        id text primary key,
        user_id text not null,
        scope text not null,
        reason text not null,
        ended text not null,
        created_at bigint not null,
        attempts bigint not null,
        next_attempt_at bigint not null,
        delivered_at bigint
    )",
    "create index if not exists guardian_event_due on guardian_event (next_attempt_at)
        where delivered_at is null",
];

/// The tables of sessions and sign-outs.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    database: Database,
}

/// A session that a request belongs to.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    pub(crate) handle: SessionHandle,
    pub(crate) user: Arc<User>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
}

/// What is written down when somebody signs in.
pub(crate) struct NewSession<'a> {
    pub(crate) token: TokenHash,
    pub(crate) user: &'a User,
    pub(crate) method: &'a str,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) ip: Option<&'a str>,
    pub(crate) expires_at: i64,
}

/// Whose sessions a sign-out ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending<'a> {
    /// By the token of a browser, in a scope seen from there.
    Browser(&'a TokenHash, SignOutScope),
    /// All of a user's, seen from nowhere.
    User(&'a str),
}

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
struct EndedRow {
    handle: String,
    user_id: String,
    token_hash: String,
}

const ENDED: &str = "handle, user_id, token_hash";

impl Registry {
    /// Creates the tables when they are missing.
    pub(crate) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        for statement in TABLES {
            with_pool!(&database, pool => { sqlx::query(statement).execute(pool).await?; });
        }
        Ok(Self { database })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The live session behind a token: the one read that every signed-in request costs.
    pub(crate) async fn find(
        &self,
        token: &TokenHash,
        now: i64,
    ) -> Result<Option<LiveSession>, sqlx::Error> {
        const FIND: &str = "select handle, user_id, profile, created_at, last_seen_at
            from guardian_session where token_hash = $1 and active = 1 and expires_at > $2";
        with_pool!(&self.database, pool => {
            let row = sqlx::query(FIND)
                .bind(token.to_string())
                .bind(now)
                .fetch_optional(pool)
                .await?;
            row.map(|row| {
                Ok(LiveSession {
                    handle: SessionHandle(row.try_get("handle")?),
                    user: Arc::new(User {
                        id: row.try_get("user_id")?,
                        profile: decode(row.try_get("profile")?)?,
                    }),
                    created_at: row.try_get("created_at")?,
                    last_seen_at: row.try_get("last_seen_at")?,
                })
            })
            .transpose()
        })
    }

    /// Writes a session down. Whatever the `replaced` tokens stood for ends in the same
    /// transaction: a browser never holds two.
    pub(crate) async fn begin(
        &self,
        new: &NewSession<'_>,
        replaced: &[TokenHash],
        now: i64,
    ) -> Result<LiveSession, sqlx::Error> {
        const INSERT: &str = "insert into guardian_session (handle, token_hash, user_id, profile,
            method, active, user_agent, ip, created_at, last_seen_at, expires_at)
            values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $8, $9)";
        let handle = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
        with_pool!(&self.database, pool => {
            let mut transaction = pool.begin().await?;
            sqlx::query(INSERT)
                .bind(&handle)
                .bind(new.token.to_string())
                .bind(&new.user.id)
                .bind(encode(&new.user.profile)?)
                .bind(new.method)
                .bind(new.user_agent)
                .bind(new.ip)
                .bind(now)
                .bind(new.expires_at)
                .execute(&mut *transaction)
                .await?;
            if !replaced.is_empty() {
                let mut delete = QueryBuilder::new("delete from guardian_session where token_hash in (");
                let mut tokens = delete.separated(", ");
                for token in replaced {
                    tokens.push_bind(token.to_string());
                }
                delete.push(format!(") returning {ENDED}"));
                let ended: Vec<EndedRow> =
                    delete.build_query_as().fetch_all(&mut *transaction).await?;
                for event in events(&ended, SignOutScope::Local, Reason::NewSignIn, now) {
                    insert_event(&event)?.execute(&mut *transaction).await?;
                }
            }
            transaction.commit().await?;
        });
        Ok(LiveSession {
            handle: SessionHandle(handle),
            user: Arc::new(new.user.clone()),
            created_at: now,
            last_seen_at: now,
        })
    }

    /// Notes that a session is in use, and moves its idle limit.
    pub(crate) async fn touch(
        &self,
        handle: &SessionHandle,
        now: i64,
        expires_at: i64,
    ) -> Result<(), sqlx::Error> {
        const TOUCH: &str = "update guardian_session set last_seen_at = $2, expires_at = $3
            where handle = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(TOUCH)
                .bind(handle.as_str())
                .bind(now)
                .bind(expires_at)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Ends sessions, with the data that their browsers kept, and writes down that it
    /// happened: all or nothing. Answers what ended, which may be none.
    pub(crate) async fn end(
        &self,
        ending: Ending<'_>,
        reason: Reason,
        now: i64,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        with_pool!(&self.database, pool => {
            let mut transaction = pool.begin().await?;
            let mut delete = delete_sessions(ending, now);
            let ended: Vec<EndedRow> = delete.build_query_as().fetch_all(&mut *transaction).await?;

            // Also the data of a browser that has no session: a visitor who signs out is forgotten.
            let mut browsers: Vec<String> = ended.iter().map(|row| row.token_hash.clone()).collect();
            if let Ending::Browser(token, scope) = ending && scope.ends_this_session() {
                browsers.push(token.to_string());
            }
            if !browsers.is_empty() {
                let mut delete = QueryBuilder::new(format!("delete from {} where id in (", store::TABLE));
                let mut ids = delete.separated(", ");
                for id in browsers {
                    ids.push_bind(id);
                }
                delete.push(")").build().execute(&mut *transaction).await?;
            }

            let scope = match ending {
                Ending::Browser(_, scope) => scope,
                Ending::User(_) => SignOutScope::Global,
            };
            for event in events(&ended, scope, reason, now) {
                insert_event(&event)?.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(ended.into_iter().map(|row| SessionHandle(row.handle)).collect())
        })
    }

    /// Stores a new profile in all of a user's sessions.
    pub(crate) async fn update_profile(
        &self,
        user_id: &str,
        profile: &Profile,
    ) -> Result<(), sqlx::Error> {
        const UPDATE: &str = "update guardian_session set profile = $2 where user_id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(UPDATE).bind(user_id).bind(encode(profile)?).execute(pool).await?;
        });
        Ok(())
    }

    /// Saves the data of a browser that is still known. Answers whether it is.
    pub(crate) async fn update_browser(
        &self,
        token: &TokenHash,
        data: Vec<u8>,
        expiry_date: OffsetDateTime,
    ) -> Result<bool, sqlx::Error> {
        let update = format!(
            "update {} set data = $2, expiry_date = $3 where id = $1",
            store::TABLE
        );
        with_pool!(&self.database, pool => {
            let done = sqlx::query(&update)
                .bind(token.to_string())
                .bind(data)
                .bind(expiry_date)
                .execute(pool)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Takes events whose time has come, and sets them aside until `leased_until` so that
    /// no other server takes them meanwhile. Oldest first.
    pub(crate) async fn claim_events(
        &self,
        now: i64,
        leased_until: i64,
    ) -> Result<Vec<ClaimedEvent>, sqlx::Error> {
        const CLAIM: &str = "update guardian_event
            set attempts = attempts + 1, next_attempt_at = $2
            where delivered_at is null and id in (
                select id from guardian_event
                where delivered_at is null and next_attempt_at <= $1
                order by id limit 16
            )
            returning id, user_id, scope, reason, ended, created_at, attempts";
        with_pool!(&self.database, pool => {
            let rows = sqlx::query(CLAIM).bind(now).bind(leased_until).fetch_all(pool).await?;
            let mut claimed = rows
                .into_iter()
                .map(|row| {
                    Ok(ClaimedEvent {
                        event: SignOutEvent {
                            id: row.try_get("id")?,
                            user_id: row.try_get("user_id")?,
                            scope: decode_word(row.try_get("scope")?)?,
                            reason: decode_word(row.try_get("reason")?)?,
                            ended: decode(row.try_get("ended")?)?,
                            created_at: row.try_get("created_at")?,
                        },
                        attempts: row.try_get("attempts")?,
                    })
                })
                .collect::<Result<Vec<_>, sqlx::Error>>()?;
            // `returning` promises no order.
            claimed.sort_by(|a, b| a.event.id.cmp(&b.event.id));
            Ok(claimed)
        })
    }

    /// When the next event is due, in seconds since the epoch.
    pub(crate) async fn next_event_due(&self) -> Result<Option<i64>, sqlx::Error> {
        const NEXT: &str =
            "select min(next_attempt_at) from guardian_event where delivered_at is null";
        with_pool!(&self.database, pool => sqlx::query_scalar(NEXT).fetch_one(pool).await)
    }

    /// Notes that the hook has run.
    pub(crate) async fn mark_delivered(&self, id: &str, now: i64) -> Result<(), sqlx::Error> {
        const DELIVERED: &str = "update guardian_event set delivered_at = $2 where id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(DELIVERED).bind(id).bind(now).execute(pool).await?;
        });
        Ok(())
    }

    /// Notes that the hook failed and when it is due again.
    pub(crate) async fn postpone_event(&self, id: &str, until: i64) -> Result<(), sqlx::Error> {
        const POSTPONE: &str = "update guardian_event set next_attempt_at = $2 where id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query(POSTPONE).bind(id).bind(until).execute(pool).await?;
        });
        Ok(())
    }
}

/// An event that this server is to deliver, for the `attempts`-th time.
pub(crate) struct ClaimedEvent {
    pub(crate) event: SignOutEvent,
    pub(crate) attempts: i64,
}

/// The statement that ends sessions. An expired session ends itself, but speaks for no other.
fn delete_sessions<DB>(ending: Ending<'_>, now: i64) -> QueryBuilder<'static, DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    let mut delete = QueryBuilder::new("delete from guardian_session where ");
    match ending {
        Ending::User(user_id) => {
            delete.push("user_id = ").push_bind(user_id.to_owned());
        }
        Ending::Browser(token, scope) => {
            if scope == SignOutScope::Others {
                delete.push("token_hash <> ");
            } else {
                delete.push("token_hash = ");
            }
            delete.push_bind(token.to_string());
            if scope != SignOutScope::Local {
                delete
                    .push(if scope == SignOutScope::Others { " and" } else { " or" })
                    .push(" user_id = (select user_id from guardian_session where active = 1 and token_hash = ")
                    .push_bind(token.to_string())
                    .push(" and expires_at > ")
                    .push_bind(now)
                    .push(")");
            }
        }
    }
    delete.push(format!(" returning {ENDED}"));
    delete
}

/// One event per user whose sessions ended.
fn events(ended: &[EndedRow], scope: SignOutScope, reason: Reason, now: i64) -> Vec<SignOutEvent> {
    let mut events: Vec<SignOutEvent> = Vec::new();
    for row in ended {
        let handle = SessionHandle(row.handle.clone());
        match events.iter_mut().find(|event| event.user_id == row.user_id) {
            Some(event) => event.ended.push(handle),
            None => events.push(SignOutEvent {
                // Version 7 sorts by time, which is the order of delivery.
                id: Uuid::now_v7().to_string(),
                user_id: row.user_id.clone(),
                scope,
                reason,
                ended: vec![handle],
                created_at: now,
            }),
        }
    }
    events
}

type Arguments<'q, DB> = <DB as sqlx::Database>::Arguments<'q>;

/// The statement that writes an event down, due at once.
fn insert_event<'q, DB>(
    event: &SignOutEvent,
) -> Result<sqlx::query::Query<'q, DB, Arguments<'q, DB>>, sqlx::Error>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    &'q str: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    Arguments<'q, DB>: sqlx::IntoArguments<'q, DB>,
{
    const INSERT: &str = "insert into guardian_event
        (id, user_id, scope, reason, ended, created_at, attempts, next_attempt_at)
        values ($1, $2, $3, $4, $5, $6, 0, $6)";
    Ok(sqlx::query(INSERT)
        .bind(event.id.clone())
        .bind(event.user_id.clone())
        .bind(event.scope.as_str())
        .bind(event.reason.as_str())
        .bind(encode(&event.ended)?)
        .bind(event.created_at))
}

fn encode(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|cause| sqlx::Error::Decode(cause.into()))
}

/// Reads one of the words that an enum is stored as.
fn decode_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, sqlx::Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|cause| sqlx::Error::Decode(BoxDynError::from(cause)))
}
