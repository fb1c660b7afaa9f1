//! The users. One text of SQL serves SQLite and PostgreSQL.

use crate::FormError;
use leptos_guardian::{
    server::{Connection, Database, Guardian},
    with_connection, with_pool,
};
use leptos_guardian_passwords::server::Email;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// One migration per version of the table; see [`Database::migrate`].
const STEPS: [&str; 1] = ["create table if not exists app_user (
    id text primary key,
    email text not null unique,
    name text not null,
    password_hash text not null,
    created_at bigint not null
)"];

/// The users' table.
#[derive(Clone)]
pub(crate) struct Users {
    database: Database,
}

/// A row of the users' table.
#[derive(sqlx::FromRow)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) password_hash: String,
}

impl Users {
    pub(crate) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        database.migrate("users", &STEPS).await?;
        Ok(Self { database })
    }

    pub(crate) async fn create(
        &self,
        guardian: &Guardian,
        email: &Email,
        name: &str,
        password_hash: &str,
    ) -> Result<Account, FormError> {
        const CREATE: &str = "insert into app_user (id, email, name, password_hash, created_at)
            select $1, $2, $3, $4, $5
            where not exists (select 1 from app_user where email in ($6, $7))
            on conflict (email) do nothing
            returning id, email, name, password_hash";
        let _permit = guardian.acquire_write().await;
        with_pool!(&self.database, pool => {
            sqlx::query_as(CREATE)
                .bind(Uuid::now_v7().to_string())
                .bind(&email.canonical)
                .bind(name)
                .bind(password_hash)
                .bind(now())
                .bind(&email.earlier[0])
                .bind(&email.earlier[1])
                .fetch_optional(pool)
                .await
        })
        .map_err(unavailable)?
        .ok_or(FormError::EmailTaken)
    }

    /// The account with this address. Older data may hold two, under different forms of it; then
    /// this is the one that is stored in the form that was typed.
    pub(crate) async fn by_email(&self, email: &Email) -> Result<Option<Account>, FormError> {
        const BY_EMAIL: &str = "select id, email, name, password_hash from app_user
            where email in ($1, $2, $3)
            order by case email when $2 then 1 when $1 then 2 else 3 end
            limit 1";
        with_pool!(&self.database, pool => {
            sqlx::query_as(BY_EMAIL)
                .bind(&email.canonical)
                .bind(&email.earlier[0])
                .bind(&email.earlier[1])
                .fetch_optional(pool)
                .await
        })
        .map_err(unavailable)
    }

    pub(crate) async fn by_id(&self, id: &str) -> Result<Option<Account>, FormError> {
        const BY_ID: &str = "select id, email, name, password_hash from app_user where id = $1";
        with_pool!(&self.database, pool => {
            sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await
        })
        .map_err(unavailable)
    }

    /// Whether the user still has this password. This is an update that changes nothing, because an
    /// update waits for a transaction that is changing the row. A read would return the old value.
    pub(crate) async fn is_password_unchanged(
        &self,
        guardian: &Guardian,
        id: &str,
        password_hash: &str,
    ) -> Result<bool, FormError> {
        const TOUCH: &str = "update app_user set password_hash = password_hash
            where id = $1 and password_hash = $2";
        let _permit = guardian.acquire_write().await;
        with_pool!(&self.database, pool => {
            let done = sqlx::query(TOUCH).bind(id).bind(password_hash).execute(pool).await;
            done.map(|done| done.rows_affected() == 1)
        })
        .map_err(unavailable)
    }
}

/// Stores a new e-mail address, within a transaction.
pub(crate) async fn set_email(
    connection: Connection<'_>,
    id: &str,
    email: &Email,
) -> Result<(), FormError> {
    const SET: &str = "update app_user set email = $2 where id = $1
        and not exists (select 1 from app_user where email in ($2, $3, $4) and id <> $1)";
    let done = with_connection!(connection, connection => {
        sqlx::query(SET)
            .bind(id)
            .bind(&email.canonical)
            .bind(&email.earlier[0])
            .bind(&email.earlier[1])
            .execute(&mut *connection)
            .await
            .map(|done| done.rows_affected())
    });
    match done {
        Ok(1) => Ok(()),
        Ok(_) => Err(FormError::EmailTaken),
        // Somebody else has taken it at this moment.
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
            Err(FormError::EmailTaken)
        }
        Err(cause) => Err(unavailable(cause)),
    }
}

/// Stores a new password, within a transaction. Returns `false` if the account has changed since it
/// was read.
pub(crate) async fn set_password(
    connection: Connection<'_>,
    account: &Account,
    password_hash: &str,
) -> Result<bool, sqlx::Error> {
    const SET: &str = "update app_user set password_hash = $3 where id = $1 and password_hash = $2";
    with_connection!(connection, connection => {
        let done = sqlx::query(SET)
            .bind(&account.id)
            .bind(&account.password_hash)
            .bind(password_hash)
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected() == 1)
    })
}

/// Deletes a user, within a transaction. Returns `false` if the account has changed since it was
/// read.
pub(crate) async fn delete(
    connection: Connection<'_>,
    account: &Account,
) -> Result<bool, sqlx::Error> {
    const DELETE: &str = "delete from app_user where id = $1 and password_hash = $2";
    with_connection!(connection, connection => {
        let done = sqlx::query(DELETE)
            .bind(&account.id)
            .bind(&account.password_hash)
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected() == 1)
    })
}

/// Logs the cause. The user only learns that it is not their fault.
pub(super) fn unavailable(cause: sqlx::Error) -> FormError {
    tracing::error!(%cause, "the database failed");
    FormError::Unavailable
}

/// The time, in seconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}
