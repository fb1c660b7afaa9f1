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
    pub(crate) expires_at: i64,
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
    /// By the tokens of a browser, in a scope seen from there.
    Browser(&'a [TokenHash], SignOutScope),
    /// A user's, all but those of a browser.
    UserExcept(&'a str, &'a [TokenHash]),
    /// All of a user's, seen from nowhere.
    User(&'a str),
}

impl Ending<'_> {
    fn scope(self) -> SignOutScope {
        match self {
            Self::Browser(_, scope) => scope,
            Self::UserExcept(..) => SignOutScope::Others,
            Self::User(_) => SignOutScope::Global,
        }
    }
}

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
pub(super) struct EndedRow {
    pub(super) handle: String,
    pub(super) user_id: String,
    token_hash: String,
}

const RETURNING_ENDED: &str = " returning handle, user_id, token_hash";

impl Registry {
    /// The session behind a token, expired or not: the one read that every signed-in
    /// request costs.
    pub(crate) async fn find(&self, token: &TokenHash) -> Result<Option<LiveSession>, sqlx::Error> {
        const FIND: &str = "select handle, user_id, profile, created_at, last_seen_at, expires_at
            from guardian_session where token_hash = $1 and active = 1";
        with_pool!(&self.database, pool => {
            let row = sqlx::query(FIND)
                .bind(token.to_string())
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
                    expires_at: row.try_get("expires_at")?,
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
                let mut delete = QueryBuilder::new("delete from guardian_session where ");
                push_tokens(&mut delete, "token_hash in", replaced);
                delete.push(RETURNING_ENDED);
                let ended: Vec<EndedRow> =
                    delete.build_query_as().fetch_all(&mut *transaction).await?;
                for mut delete in delete_browsers(replaced.iter().map(TokenHash::to_string)) {
                    delete.build().execute(&mut *transaction).await?;
                }
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
            expires_at: new.expires_at,
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
            let visitors = match ending {
                Ending::Browser(tokens, scope) if scope.ends_this_session() => tokens,
                _ => &[],
            };
            let browsers = ended.iter().map(|row| row.token_hash.clone());
            let browsers = browsers.chain(visitors.iter().map(TokenHash::to_string));
            for mut delete in delete_browsers(browsers) {
                delete.build().execute(&mut *transaction).await?;
            }
            for event in events(&ended, ending.scope(), reason, now) {
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
        Ending::UserExcept(user_id, tokens) => {
            delete.push("user_id = ").push_bind(user_id.to_owned());
            push_tokens(&mut delete, " and token_hash not in", tokens);
        }
        Ending::Browser(tokens, SignOutScope::Local) => {
            push_tokens(&mut delete, "token_hash in", tokens);
        }
        Ending::Browser(tokens, SignOutScope::Others) => {
            push_tokens(&mut delete, "token_hash not in", tokens);
            push_users_of(&mut delete, " and", tokens, now);
        }
        Ending::Browser(tokens, SignOutScope::Global) => {
            push_tokens(&mut delete, "token_hash in", tokens);
            push_users_of(&mut delete, " or", tokens, now);
        }
    }
    delete.push(RETURNING_ENDED);
    delete
}

/// The sessions of whoever the tokens stand for.
fn push_users_of<DB>(
    query: &mut QueryBuilder<'static, DB>,
    conjunction: &str,
    tokens: &[TokenHash],
    now: i64,
) where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push(conjunction);
    query.push(" user_id in (select user_id from guardian_session where active = 1");
    query.push(" and expires_at > ").push_bind(now);
    push_tokens(query, " and token_hash in", tokens);
    query.push(")");
}

fn push_tokens<DB>(query: &mut QueryBuilder<'static, DB>, condition: &str, tokens: &[TokenHash])
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    push_list(query, condition, tokens.iter().map(TokenHash::to_string));
}

/// How many rows one statement names: far below the parameters that either database takes.
const LIST_LENGTH: usize = 500;

/// The statements that delete the data of browsers, few enough in each.
fn delete_browsers<DB>(
    browsers: impl Iterator<Item = String>,
) -> impl Iterator<Item = QueryBuilder<'static, DB>>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    let browsers: Vec<String> = browsers.collect();
    let lists: Vec<Vec<String>> = browsers.chunks(LIST_LENGTH).map(<[_]>::to_vec).collect();
    lists.into_iter().map(|list| {
        let mut delete = QueryBuilder::new(format!("delete from {} where ", store::TABLE));
        push_list(&mut delete, "id in", list.into_iter());
        delete
    })
}

fn push_list<DB>(
    query: &mut QueryBuilder<'static, DB>,
    condition: &str,
    values: impl Iterator<Item = String>,
) where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + sqlx::Encode<'static, DB>,
{
    query.push(condition).push(" (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}
