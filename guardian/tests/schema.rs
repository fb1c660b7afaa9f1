//! The schema migrates at startup, and servers can be replaced one by one.

mod common;

use common::Site;
use futures::future::join_all;
use leptos_guardian::{
    SignOutScope,
    server::{Database, Guardian, SigningKey},
    with_pool,
};
use std::time::Duration;

#[tokio::test]
async fn servers_can_start_at_the_same_time_on_an_empty_database() {
    for _ in 0..5 {
        let fresh = common::fresh_database().await;
        let starts = (0..8).map(|_| async {
            let database = Database::connect(&fresh.url).await.unwrap();
            Guardian::builder(database)
                .site_url("http://site.test")
                .key(SigningKey::generate())
                .build()
                .await
        });
        for start in join_all(starts).await {
            start.unwrap();
        }
    }
}

/// Makes the tables as the first version created them.
const TO_THE_FIRST_VERSION: &[&str] = &[
    "drop index guardian_session_replaced",
    "alter table guardian_session drop column replaced_token_hash",
    "alter table guardian_session drop column replaced_at",
    "drop index guardian_event_due",
    "drop index guardian_event_of_user",
    "create index guardian_session_expiry on guardian_session (expires_at)",
    "alter table guardian_event drop column place",
    "alter table guardian_event drop column failure",
    "alter table guardian_event drop column given_up_at",
    "create index guardian_event_due on guardian_event (next_attempt_at)
        where delivered_at is null",
    "update guardian_event set next_attempt_at = 9223372036854775807",
    "alter table guardian_session drop column idle_seconds",
    "alter table guardian_session drop column age_seconds",
    "alter table guardian_session drop column is_remembered",
    "alter table guardian_session drop column needs_still_open",
    "alter table guardian_session drop column place",
    "alter table guardian_session drop column proved_at",
    "alter table guardian_session drop column proof_method",
    "drop index guardian_session_of_user",
    "create index guardian_session_user on guardian_session (user_id)",
    "drop table guardian_server",
    "alter table guardian_session drop column fields",
    "alter table guardian_session drop column location",
    "alter table guardian_session drop column has_data",
    "drop table guardian_schema",
];

#[tokio::test]
async fn an_older_database_migrates_and_everyone_stays_signed_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/word").await;
    site.signed_in("bob")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    with_pool!(&site.database, pool => {
        // SQLite knows only on the same connection at once which indexes are gone.
        let mut connection = pool.acquire().await.unwrap();
        for statement in TO_THE_FIRST_VERSION {
            sqlx::query(statement).execute(&mut *connection).await.unwrap();
        }
    });
    let server = site.server(|builder| builder).await;
    assert_eq!(
        site.count("guardian_event where given_up_at is not null")
            .await,
        1
    );
    let mut there = browser.on(&server);
    assert_eq!(there.whoami().await, "ada");
    assert_eq!(there.get("/recall").await.body, "word");
    there.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(site.count("tower_sessions").await, 0);
}

#[tokio::test]
async fn a_failed_migration_changes_nothing() {
    let site = Site::new().await;
    let steps = [
        "create table one (id bigint)",
        "create table two (id bigint); nonsense",
    ];
    site.database.migrate("test", &steps).await.unwrap_err();
    assert_eq!(site.count("guardian_schema where part = 'test'").await, 0);
    let steps = [
        "create table one (id bigint)",
        "create table two (id bigint)",
    ];
    site.database.migrate("test", &steps).await.unwrap();
    assert_eq!(site.count("one").await + site.count("two").await, 0);
}

/// The statements of the version before sessions had lifetimes, places and proofs.
struct Older<'a>(&'a Site);

impl Older<'_> {
    /// Signs in as a copy of the only session, with the same token.
    async fn sign_in(&self) {
        self.0
            .add_sessions(1, "'older'", "'older'", "expires_at")
            .await;
        let same_token = "update guardian_session set active = 9, token_hash = (
            select token_hash from guardian_session where handle <> 'older'
        ) where handle = 'older'";
        self.0.execute(same_token).await;
    }

    /// Records activity: it knows only its own idle limit of 14 days.
    async fn touch(&self) {
        let touch = "update guardian_session set last_seen_at = last_seen_at + 1,
            expires_at = last_seen_at + 1209600";
        self.0.execute(touch).await;
    }

    /// Gives the browser's accounts another token.
    async fn carry_over(&self, token_hash: &str) {
        let carry_over = format!("update guardian_session set token_hash = '{token_hash}'");
        self.0.execute(&carry_over).await;
    }
}

#[tokio::test]
async fn a_session_that_an_older_server_has_written_is_remembered_and_proved_by_its_sign_in() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    Older(&site).sign_in().await;
    assert_eq!(browser.accounts().await, ["older", "ada"]);
    browser.restart();
    assert_eq!(browser.accounts().await, ["older", "ada"]);
    let proof = browser.get("/last-proof").await.body;
    assert!(proof.starts_with("test "), "{proof}");
    assert_eq!(browser.get("/recent/60").await.status, 200);
    site.pass_time(Duration::from_secs(61));
    assert_eq!(browser.get("/recent/60").await.status, 403);
}

#[tokio::test]
async fn an_older_server_does_not_extend_a_session_beyond_its_own_limits() {
    let site = Site::new().await;
    let mut idle = site.browser();
    idle.sign_in_until_closed("ada").await;
    Older(&site).touch().await;
    site.pass_time(Duration::from_secs(60 * 60 + 1));
    assert_eq!(idle.whoami().await, "nobody");
    let mut short = site.browser();
    short.sign_in_for("ada", 120).await;
    Older(&site).touch().await;
    site.pass_time(Duration::from_secs(120));
    assert_eq!(short.whoami().await, "nobody");
}

/// It does not know that the browser needs another cookie for the new token.
#[tokio::test]
async fn an_older_server_remembers_nobody_who_did_not_ask_for_it() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    let token = "select token_hash from guardian_session";
    let before: String = with_pool!(&site.database, pool => {
        sqlx::query_scalar(token).fetch_one(pool).await.unwrap()
    });
    let mut old = browser.clone();
    browser.sign_in_until_closed("bob").await;
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
    Older(&site).carry_over(&before).await;
    assert_eq!(old.accounts().await, ["ada"]);
}

/// During a rolling restart, an older server may start again.
#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let site = Site::new().await;
    site.execute("update guardian_schema set version = 99 where part = 'sessions'")
        .await;
    let mut browser = site.signed_in("ada").await;
    let older = site.server(|builder| builder).await;
    assert_eq!(browser.on(&older).whoami().await, "ada");
    assert_eq!(site.count("guardian_schema where version = 99").await, 1);
    browser.sign_out(SignOutScope::Local).await;
}
