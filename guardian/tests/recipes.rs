//! Runs copies of the recipes that write to a database.

#[path = "common/code.rs"]
mod code;
mod common;

use common::Site;
use leptos_guardian::Reason;

const RECIPES: &str = include_str!("../docs/recipes.md");
const TESTS: &str = include_str!("recipes.rs");

/// Asserts that the recipe's code is the same as here.
fn assert_is_copy(function: &str) {
    let block = code::blocks(RECIPES, "```rust\n").find(|block| block.contains(function));
    code::assert_contains(TESTS, block.expect(function));
}

// Formatted as in the recipe.
#[rustfmt::skip]
#[tokio::test]
async fn a_job_ends_a_users_sessions() {
    use leptos_guardian::{AuthError, Reason, server::{Cause, Guardian}};

    async fn disable(guardian: &Guardian, user_id: &str) -> Result<usize, AuthError> {
        let cause = Cause::from(Reason::Administrator).with_note("unpaid for ninety days");
        Ok(guardian.sign_out_user(user_id, cause).await?.len())
    }

    assert_is_copy("fn disable(");
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    assert_eq!(disable(&site.guardian, "ada").await.unwrap(), 1);
    assert_eq!(ada.whoami().await, "nobody");
}

// Formatted as in the recipe.
#[rustfmt::skip]
#[tokio::test]
async fn a_user_is_deleted_together_with_their_sessions() {
    use leptos_guardian::{Reason, server::Guardian, with_connection};
    use std::error::Error;

    async fn delete_user(guardian: &Guardian, id: &str) -> Result<(), Box<dyn Error>> {
        let mut transaction = guardian.begin().await?;
        with_connection!(transaction.connection(), connection => {
            sqlx::query("delete from users where id = $1").bind(id).execute(connection).await?;
        });
        transaction.sign_out_user(id, Reason::AccountDeleted).await?;
        transaction.commit().await?;
        Ok(())
    }

    assert_is_copy("fn delete_user(");
    let site = Site::new().await;
    let users = ["create table users (id text primary key)"];
    site.database.migrate("users", &users).await.unwrap();
    site.execute("insert into users values ('ada'), ('bob')").await;
    let mut ada = site.signed_in("ada").await;
    delete_user(&site.guardian, "ada").await.unwrap();
    assert_eq!(site.count("users").await, 1);
    assert_eq!(ada.whoami().await, "nobody");
}

// Formatted as in the recipe.
#[rustfmt::skip]
#[tokio::test]
async fn an_audit_log_is_set_up() {
    use leptos_guardian::{server::{Database, Guardian, SigningKey}, with_pool};
    use std::error::Error;

    async fn guardian(database: Database, key: SigningKey) -> Result<Guardian, Box<dyn Error>> {
        database.migrate("audit", &["create table audit (event text primary key, line text not null)"]).await?;
        let log = database.clone();
        let builder = Guardian::builder(database).site_url("https://example.com").key(key);
        let builder = builder.after_sign_out(move |event| {
            let log = log.clone();
            async move {
                let line = format!("{}: {} sessions, {}", event.user_id, event.ended.len(), event.reason.as_str());
                with_pool!(&log, pool => {
                    sqlx::query("insert into audit values ($1, $2) on conflict do nothing")
                        .bind(event.id)
                        .bind(line)
                        .execute(pool)
                        .await?;
                });
                Ok(())
            }
        });
        Ok(builder.build().await?)
    }

    assert_is_copy("create table audit");
    let site = Site::new().await;
    site.signed_in("ada").await;
    let guardian = guardian(site.database.clone(), SigningKey::generate()).await.unwrap();
    guardian.sign_out_user("ada", Reason::Administrator).await.unwrap();
    site.until_count("audit", 1).await;
    let line: String = with_pool!(&site.database, pool => {
        sqlx::query_scalar("select line from audit").fetch_one(pool).await.unwrap()
    });
    assert_eq!(line, "ada: 1 sessions, administrator");
}
