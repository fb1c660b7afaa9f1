//! The schema migrates at startup, and servers can be replaced one by one.

mod common;

use common::Site;
use futures::future::join_all;
use leptos_guardian::{
    SignOutScope,
    server::{Database, Guardian, SigningKey},
};

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

/// The tables as the first version created them, with a signed-in user.
#[tokio::test]
async fn an_older_database_migrates_and_everyone_stays_signed_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("bob")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    for statement in [
        "drop index guardian_session_replaced",
        "alter table guardian_session drop column replaced_token_hash",
        "alter table guardian_session drop column replaced_at",
        "drop index guardian_event_due",
        "drop index guardian_event_of_user",
        "drop index guardian_event_age",
        "alter table guardian_event drop column place",
        "alter table guardian_event drop column failure",
        "alter table guardian_event drop column given_up_at",
        "create index guardian_event_due on guardian_event (next_attempt_at)
            where delivered_at is null",
        "update guardian_event set next_attempt_at = 9223372036854775807",
        "drop index guardian_session_of_user",
        "create index guardian_session_user on guardian_session (user_id)",
        "drop table guardian_server",
        "alter table guardian_session drop column fields",
        "alter table guardian_session drop column location",
        "drop table guardian_schema",
    ] {
        site.execute(statement).await;
    }
    let server = site.server(|builder| builder).await;
    assert_eq!(
        site.count("guardian_event where given_up_at is not null")
            .await,
        1
    );
    let mut there = browser.on(&server);
    assert_eq!(there.whoami().await, "ada");
    there.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.whoami().await, "nobody");
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
