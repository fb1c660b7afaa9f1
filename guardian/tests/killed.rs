//! The hook runs even if the process is killed (`kill -9`) during or right after a sign-out.

mod common;

use common::{Site, until_transactions_end, with_hook};
use futures::future::join_all;
use leptos_guardian::{SignOutScope, server::Database};
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{sync::mpsc::unbounded_channel, time::timeout};

/// The variable with the child process's database URL.
const DATABASE_URL: &str = "DATABASE_OF_KILLED_PROCESS";

const USERS: [&str; 3] = ["ada", "bob", "eve"];

/// Not a test, but the process that the other test kills. It signs users out, on SQLite in one transaction,
/// and its hook never returns.
#[tokio::test]
#[ignore = "the other test runs and kills it"]
async fn process_to_kill() {
    let url = std::env::var(DATABASE_URL).expect("run by the other test");
    let site = Site::with_url(url, |builder| {
        builder.after_sign_out(|_| async {
            println!("the hook has begun");
            std::future::pending().await
        })
    })
    .await;
    let mut sign_outs = Vec::new();
    for user in USERS {
        let mut browser = site.signed_in(user).await;
        sign_outs.push(async move { browser.sign_out(SignOutScope::Local).await });
    }
    let permit = site.guardian.acquire_write().await;
    let release = async {
        if let Database::Sqlite(_) = &site.database {
            site.until_waiting_to_write(USERS.len()).await;
        }
        drop(permit);
    };
    let (responses, ()) = tokio::join!(join_all(sign_outs), release);
    assert!(
        responses
            .iter()
            .all(|response| response.status.is_success())
    );
    println!("signed out");
    std::future::pending().await
}

#[tokio::test]
async fn the_hook_runs_after_the_restart() {
    for last_line in ["signed out", "the hook has begun"] {
        let site = Site::new().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process_to_kill", "--ignored", "--nocapture"])
            .env(DATABASE_URL, &site.url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_found = lines
            .map_while(Result::ok)
            .any(|line| line.contains(last_line));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_found, "the process ended without {last_line:?}");
        // PostgreSQL still carries out what the process has sent.
        until_transactions_end(&site.database).await;
        let undelivered = "guardian_event where delivered_at is null";
        let undelivered_events = site.count(undelivered).await;
        // Each session has ended with its event, or not at all.
        let sessions = site.count("guardian_session").await;
        assert_eq!(sessions + undelivered_events, USERS.len() as i64);
        if last_line == "signed out" || matches!(site.database, Database::Sqlite(_)) {
            assert_eq!(sessions, 0, "{last_line}");
        }

        // The killed process's claim on the event expires after a minute.
        site.pass_time(Duration::from_secs(61));
        let (sender, mut events) = unbounded_channel();
        let _restarted = site.server(|builder| with_hook(builder, &sender)).await;
        for _ in 0..undelivered_events {
            let event = timeout(Duration::from_secs(10), events.recv()).await;
            assert!(USERS.contains(&&*event.unwrap().unwrap().user_id));
        }
        site.until_count(undelivered, 0).await;
    }
}
