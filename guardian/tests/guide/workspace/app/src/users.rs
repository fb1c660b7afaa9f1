//! The app's users. Server only.

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use leptos::{logging::error, prelude::*};
use sqlx::SqlitePool;

/// A row of the table.
#[derive(sqlx::FromRow)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub name: String,
    password_hash: String,
}

/// The user with this address and this password, if there is one.
pub async fn find_user(email: &str, password: &str) -> Result<Option<User>, ServerFnError> {
    let pool = expect_context::<SqlitePool>();
    let query = sqlx::query_as("select * from users where email = $1").bind(email);
    let found: Option<User> = query.fetch_optional(&pool).await.map_err(|cause| {
        // The log has the cause, the browser does not.
        error!("{cause}");
        ServerFnError::new("The service is not available right now.")
    })?;
    Ok(found.filter(|user| is_right(password, &user.password_hash)))
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
        verified.is_ok()
    })
}

/// ada@example.com, whose password is "lovelace".
const ADA: &str = "insert into users (email, name, password_hash) values ('ada@example.com',
    'Ada Lovelace',
    '$argon2id$v=19$m=19456,t=2,p=1$YW4gZXhhbXBsZSBzYWx0IQ$d5Nb2x9eosbk36pk8qdW9xtWkcugzYYBGgXgDF4q0QE')
    on conflict do nothing";

pub async fn create_table(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let create = "create table if not exists users (id integer primary key,
        email text not null unique, name text not null, password_hash text not null)";
    sqlx::query(create).execute(pool).await?;
    sqlx::query(ADA).execute(pool).await?;
    Ok(())
}
