//! `guardian_session`: who is signed in where, and the data of their browsers.

use super::{
    Registry, decode, encode,
    events::{events, insert_event},
};
use crate::{
    Profile, Reason, SessionHandle, SignOutScope, User,
    server::{store, token::TokenHash},
    with_pool,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sqlx::{QueryBuilder, Row};
use std::sync::Arc;
use time::OffsetDateTime;

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
pub(super) struct EndedRow {
    pub(super) handle: String,
    pub(super) user_id: String,
    token_hash: String,
}

const ENDED: &str = "handle, user_id, token_hash";

impl Registry {
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
