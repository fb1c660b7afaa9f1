//! Buckets that fill with every attempt and empty as time passes. They are rows, so that all
//! servers count together and a restart forgets nothing.

use super::{since_epoch, unavailable};
use crate::PasswordError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use leptos_guardian::{
    server::{Database, Guardian},
    with_pool,
};
use sha2::{Digest as _, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// One migration per version of the table; see [`Database::migrate`]. Times are in microseconds
/// since the Unix epoch. At `empty_at` the bucket has forgotten its last attempt; at `free_at` it
/// takes the next one.
const STEPS: [&str; 1] = ["create table app_attempt (
        bucket text primary key,
        empty_at bigint not null,
        free_at bigint not null
    );
    create index app_attempt_empty_at on app_attempt (empty_at)"];

/// Every `CLEANING_EVERY`th attempt deletes up to `CLEANING_BATCH` expired rows. An attempt adds at
/// most two rows, so this keeps up.
const CLEANING_EVERY: u32 = 16;
const CLEANING_BATCH: i64 = 64;

/// How far the servers' clocks may differ. A wait beyond that comes from a wrong clock and is
/// ignored. Otherwise it would last for as long as that clock was ahead.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(60 * 60);

/// How many attempts a bucket takes, and how long the waits are.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateLimit {
    /// This many attempts at once cost no wait.
    pub(super) at_once: u32,
    /// One attempt is forgotten after this time.
    pub(super) forgets_one_in: Duration,
    /// The wait once the bucket is full. It doubles with each further attempt, up to
    /// `longest_wait`.
    pub(super) first_wait: Duration,
    pub(super) longest_wait: Duration,
}

impl RateLimit {
    /// This many attempts in `period`, all at once or one by one.
    pub(super) fn per(period: Duration, attempts: u32) -> Self {
        let attempts = attempts.max(1);
        let interval = (period / attempts).max(Duration::from_micros(1));
        Self {
            at_once: attempts,
            forgets_one_in: interval,
            first_wait: interval,
            longest_wait: interval,
        }
    }
}

/// One bucket, with its limit.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    key: String,
    limit: RateLimit,
}

impl Bucket {
    /// The bucket for this combination of parts. The table has a hash of them, because users can
    /// type anything as an e-mail address, even a password.
    pub(super) fn new(limit: RateLimit, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self {
            key: URL_SAFE_NO_PAD.encode(hash.finalize()),
            limit,
        }
    }
}

/// The table of all buckets.
#[derive(Clone)]
pub(super) struct RateLimiter {
    database: Database,
    added: Arc<AtomicU32>,
}

impl RateLimiter {
    pub(super) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        database.migrate("attempts", &STEPS).await?;
        Ok(Self {
            database,
            added: Arc::default(),
        })
    }

    /// Counts an attempt, if the bucket takes one more. It is one statement, so that concurrent
    /// attempts cannot exceed the limit. A refused attempt does not count.
    pub(super) async fn add(
        &self,
        guardian: &Guardian,
        bucket: &Bucket,
    ) -> Result<(), PasswordError> {
        // `fill` says in microseconds how full the bucket was: each attempt adds `$3`. A server
        // with a wrong clock may have written more than attempts can lead to, so `fill` is capped.
        const ADD: &str = "insert into app_attempt (bucket, empty_at, free_at)
            values ($1, $2 + $3, case when $4 > 1 then 0 else $2 + $5 end)
            on conflict (bucket) do update set (empty_at, free_at) = (
                select $2 + $3 + fill, case
                    when fill <= $3 * ($4 - 2) then 0
                    when $5 << cast((fill + $3 - 1) / $3 + 1 - $4 as integer) > $6 then $2 + $6
                    else $2 + ($5 << cast((fill + $3 - 1) / $3 + 1 - $4 as integer))
                end
                from (select case
                    when app_attempt.empty_at <= $2 then 0
                    when app_attempt.empty_at > $2 + $3 * ($4 + 15) then $3 * ($4 + 15)
                    else app_attempt.empty_at - $2
                end as fill) as before
            )
            where app_attempt.free_at <= $2 or app_attempt.free_at > $2 + $6 + $7
            returning bucket";
        let limit = bucket.limit;
        let permit = guardian.acquire_write().await;
        let now = now();
        let added: Option<String> = with_pool!(&self.database, pool => {
            sqlx::query_scalar(ADD)
                .bind(&bucket.key)
                .bind(now)
                .bind(micros(limit.forgets_one_in))
                .bind(i64::from(limit.at_once))
                .bind(micros(limit.first_wait))
                .bind(micros(limit.longest_wait))
                .bind(micros(CLOCK_DIFFERENCE))
                .fetch_optional(pool)
                .await
        })
        .map_err(unavailable)?;
        if added.is_none() {
            drop(permit);
            let retry_after = self.wait(bucket, now).await?;
            return Err(PasswordError::TooManyAttempts { retry_after });
        }
        let count = self.added.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(CLEANING_EVERY) {
            self.delete_expired(now).await;
        }
        Ok(())
    }

    /// Removes an attempt that turned out not to count. The bucket took it, so it has room for
    /// another one afterwards.
    pub(super) async fn remove(
        &self,
        guardian: &Guardian,
        bucket: &Bucket,
    ) -> Result<(), PasswordError> {
        const REMOVE: &str = "update app_attempt set empty_at = empty_at - $2, free_at = 0
            where bucket = $1";
        let _permit = guardian.acquire_write().await;
        with_pool!(&self.database, pool => {
            let remove = sqlx::query(REMOVE).bind(&bucket.key);
            let remove = remove.bind(micros(bucket.limit.forgets_one_in));
            remove.execute(pool).await.map(drop)
        })
        .map_err(unavailable)
    }

    /// Forgets all attempts of a bucket.
    pub(super) async fn clear(
        &self,
        guardian: &Guardian,
        bucket: &Bucket,
    ) -> Result<(), PasswordError> {
        const CLEAR: &str = "delete from app_attempt where bucket = $1";
        let _permit = guardian.acquire_write().await;
        with_pool!(&self.database, pool => {
            sqlx::query(CLEAR).bind(&bucket.key).execute(pool).await.map(drop)
        })
        .map_err(unavailable)
    }

    /// The seconds until the bucket takes the next attempt, rounded up so that it does take one
    /// then.
    async fn wait(&self, bucket: &Bucket, now: i64) -> Result<u64, PasswordError> {
        const FREE_AT: &str = "select free_at from app_attempt where bucket = $1";
        let free_at: Option<i64> = with_pool!(&self.database, pool => {
            sqlx::query_scalar(FREE_AT).bind(&bucket.key).fetch_optional(pool).await
        })
        .map_err(unavailable)?;
        let wait = u64::try_from(free_at.unwrap_or(now) - now).unwrap_or(0);
        Ok(wait.div_ceil(1_000_000).max(1))
    }

    /// Deletes some of the empty buckets. A failure is only logged: a later attempt tries again.
    async fn delete_expired(&self, now: i64) {
        // The condition stands twice, so that a bucket that has filled again meanwhile stays.
        const DELETE: &str = "delete from app_attempt where empty_at <= $1 and bucket in (
            select bucket from app_attempt where empty_at <= $1 order by empty_at limit $2)";
        let deleted = with_pool!(&self.database, pool => {
            let delete = sqlx::query(DELETE).bind(now).bind(CLEANING_BATCH);
            delete.execute(pool).await.map(drop)
        });
        if let Err(cause) = deleted {
            tracing::warn!(%cause, "expired attempts could not be deleted");
        }
    }
}

fn now() -> i64 {
    micros(since_epoch())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
