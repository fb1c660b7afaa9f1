//! The browsers that have signed in to an account before, recognised by a cookie
//! ([device cookies](https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies)).
//! Failed attempts of strangers do not count for them. The cookie signs nobody in.

use super::{since_epoch, unavailable};
use crate::PasswordError;
use argon2::password_hash::rand_core::{OsRng, RngCore as _};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time::Duration};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use leptos_guardian::{
    server::{Auth, Connection, Database, cookie_values},
    with_connection, with_pool,
};
use sha2::{Digest as _, Sha256};

/// One migration per version of the table; see [`Database::migrate`]. Times are in seconds since
/// the Unix epoch.
const STEPS: [&str; 1] = ["create table app_known_browser (
        token_hash text primary key,
        user_id text not null,
        expires_at bigint not null
    );
    create index app_known_browser_user on app_known_browser (user_id, expires_at);
    create index app_known_browser_expires_at on app_known_browser (expires_at)"];

const NAME: &str = "known_browser";

/// A browser stays known for a year after its last sign-in, so that a seldom used one does, too.
/// Browsers keep cookies for 400 days at most.
const MAX_AGE: Duration = Duration::days(365);

/// The most accounts that know one browser: as many as it can be signed in to.
const ACCOUNTS: usize = 5;

/// The most browsers that one account knows. The most recently used ones stay.
const BROWSERS: i64 = 50;

/// The most tokens that are read from one request. Another site of the same domain can set more
/// cookies of this name; at worst, that makes the browser an unknown one.
const TOKENS: usize = 40;

/// How many expired rows are deleted with each new one.
const CLEANING_BATCH: i64 = 4;

/// Separates tokens. Not in the alphabet of base64.
const SEPARATOR: char = '.';

/// The length of a token, in bytes.
const TOKEN_LENGTH: usize = 16;

/// The table of known browsers.
#[derive(Clone)]
pub(super) struct KnownBrowsers {
    database: Database,
}

/// A browser as one account knows it.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct KnownBrowser {
    /// The table holds this instead of the token.
    pub(super) token_hash: String,
    user_id: String,
}

impl KnownBrowsers {
    pub(super) async fn new(database: Database) -> Result<Self, sqlx::Error> {
        database.migrate("known browsers", &STEPS).await?;
        Ok(Self { database })
    }

    /// The browser of this request, if it has signed in to this account before. An account that
    /// does not exist takes the same query.
    pub(super) async fn find(
        &self,
        auth: &Auth,
        user_id: Option<&str>,
    ) -> Result<Option<KnownBrowser>, PasswordError> {
        let known = self.find_by_tokens(&tokens_of_request(auth)).await?;
        Ok(known
            .into_iter()
            .find(|browser| Some(browser.user_id.as_str()) == user_id))
    }

    /// Makes the browser of this request a known one of the account, or extends that. Tokens for
    /// other accounts stay. An existing token is not replaced: the response with a new one may be
    /// lost, and a thief who copies the token copies the session beside it.
    pub(super) async fn remember(&self, auth: &Auth, user_id: &str) -> Result<(), PasswordError> {
        let tokens = tokens_of_request(auth);
        let known = self.find_by_tokens(&tokens).await?;
        let user_of = |token: &String| {
            let hash = hash(token);
            let mut known = known.iter();
            let browser = known.find(|browser| browser.token_hash == hash)?;
            Some(browser.user_id.as_str())
        };
        let is_own = |token: &&String| user_of(token) == Some(user_id);
        let own = tokens.iter().find(is_own).cloned();
        let own = own.unwrap_or_else(new_token);
        let permit = auth.guardian().acquire_write().await;
        let stored = self.store(&hash(&own), user_id).await;
        drop(permit);
        stored.map_err(unavailable)?;
        let others = tokens
            .into_iter()
            .filter(|token| user_of(token).is_some_and(|user| user != user_id))
            .take(ACCOUNTS - 1);
        let tokens: Vec<String> = std::iter::once(own).chain(others).collect();
        send(auth, tokens.join(&SEPARATOR.to_string()));
        Ok(())
    }

    async fn find_by_tokens(&self, tokens: &[String]) -> Result<Vec<KnownBrowser>, PasswordError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (0..tokens.len()).map(|n| format!("${}", n + 2)).collect();
        let find = format!(
            "select token_hash, user_id from app_known_browser
            where expires_at > $1 and token_hash in ({})",
            places.join(", ")
        );
        with_pool!(&self.database, pool => {
            let find = sqlx::query_as(&find).bind(now());
            let find = tokens.iter().fold(find, |find, token| find.bind(hash(token)));
            find.fetch_all(pool).await
        })
        .map_err(unavailable)
    }

    /// Stores a token for a year from now. If the account then has too many, the oldest one is
    /// deleted.
    async fn store(&self, token_hash: &str, user_id: &str) -> Result<(), sqlx::Error> {
        const STORE: &str = "insert into app_known_browser (token_hash, user_id, expires_at)
            values ($1, $2, $3)
            on conflict (token_hash) do update set expires_at = excluded.expires_at";
        const DELETE_OLDEST: &str = "delete from app_known_browser
            where user_id = $1 and token_hash not in (
                select token_hash from app_known_browser where user_id = $1
                order by expires_at desc, token_hash limit $2
            )";
        const DELETE_EXPIRED: &str = "delete from app_known_browser where token_hash in (
            select token_hash from app_known_browser where expires_at <= $1 limit $2)";
        let now = now();
        with_pool!(&self.database, pool => {
            let store = sqlx::query(STORE).bind(token_hash).bind(user_id);
            store.bind(now + MAX_AGE.whole_seconds()).execute(pool).await?;
            let delete_oldest = sqlx::query(DELETE_OLDEST).bind(user_id);
            delete_oldest.bind(BROWSERS).execute(pool).await?;
            let delete_expired = sqlx::query(DELETE_EXPIRED).bind(now);
            delete_expired.bind(CLEANING_BATCH).execute(pool).await.map(drop)
        })
    }
}

/// Forgets the browsers of an account, within a transaction. One of them may belong to somebody who
/// knew the old password, and must not keep its own attempts.
pub(super) async fn forget(connection: Connection<'_>, user_id: &str) -> Result<(), sqlx::Error> {
    const FORGET: &str = "delete from app_known_browser where user_id = $1";
    with_connection!(connection, connection => {
        sqlx::query(FORGET).bind(user_id).execute(&mut *connection).await.map(drop)
    })
}

/// The tokens in the request's cookies.
fn tokens_of_request(auth: &Auth) -> Vec<String> {
    let parts = use_context::<Parts>();
    let name = auth.guardian().cookie_name(NAME);
    parts.map_or_else(Vec::new, |parts| read(&parts.headers, &name))
}

/// All tokens in all cookies of this name, in any order.
fn read(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for value in cookie_values(headers, name) {
        for token in value.split(SEPARATOR).take(ACCOUNTS) {
            if is_token(token) && !tokens.iter().any(|found| found == token) {
                tokens.push(token.to_owned());
            }
        }
    }
    tokens.truncate(TOKENS);
    tokens
}

/// The time, in seconds since the Unix epoch.
fn now() -> i64 {
    i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
}

fn is_token(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == TOKEN_LENGTH)
}

fn new_token() -> String {
    let mut bytes = [0; TOKEN_LENGTH];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The token is random, so no salt and no slow hash are needed (OWASP ASVS 5.0, 11.4.1).
fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

fn send(auth: &Auth, value: String) {
    let cookie = Cookie::build((auth.guardian().cookie_name(NAME), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(auth.guardian().is_secure())
        .max_age(MAX_AGE)
        .build();
    if let (Some(response), Ok(value)) = (
        use_context::<ResponseOptions>(),
        HeaderValue::from_str(&cookie.to_string()),
    ) {
        response.append_header(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBA";

    fn tokens(cookies: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie).unwrap());
        }
        read(&headers, "__Host-known_browser")
    }

    #[test]
    fn every_token_in_every_cookie_of_the_name_is_read() {
        for (cookies, expected) in [
            (format!("__Host-known_browser={A}"), vec![A]),
            (
                format!("__Host-known_browser=junk; __Host-known_browser={A}.{B}"),
                vec![A, B],
            ),
            (format!("\u{2000}__Host-known_browser={A}"), vec![]),
            (format!("known_browser={A}"), vec![]),
            (format!("__Host-known_browser=\"{A}\""), vec![]),
            (format!("__Host-known_browser={A}A"), vec![]),
        ] {
            assert_eq!(tokens(&[cookies.as_bytes()]), expected, "{cookies}");
        }
    }

    #[test]
    fn no_more_tokens_are_read_than_a_query_can_have() {
        let token = |n: u32| URL_SAFE_NO_PAD.encode(u128::from(n).to_le_bytes());
        let pairs: Vec<String> = (0..1000)
            .map(|n| format!("__Host-known_browser={}", token(n)))
            .collect();
        assert_eq!(tokens(&[pairs.join(";").as_bytes()]).len(), TOKENS);
    }
}
