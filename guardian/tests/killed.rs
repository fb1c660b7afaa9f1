//! Invariant 8 for a process that is killed (`kill -9`) while it signs somebody out.

mod common;

use common::{Site, with_hook};
use leptos_guardian::SignOutScope;
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{sync::mpsc::unbounded_channel, time::timeout};

/// What tells the child process its database, and that it is one.
const DATABASE: &str = "DATABASE_OF_KILLED_PROCESS";

/// Not a test but the process that the other one kills: it signs somebody out, and its hook
/// never comes to an end.
#[tokio::test]
#[ignore = "the other test runs it, and kills it"]
async fn process_to_kill() {
    let url = std::env::var(DATABASE).expect("run by the other test");
    let site = Site::at(url, |builder| {
        builder.after_sign_out(|_| async {
            println!("the hook has begun");
            std::future::pending().await
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.sign_out(SignOutScope::Local).await;
    assert!(answer.status.is_success());
    println!("signed out");
    std::future::pending().await
}

#[tokio::test]
async fn the_hook_runs_after_the_restart() {
    for last_words in ["signed out", "the hook has begun"] {
        let site = Site::new().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process_to_kill", "--ignored", "--nocapture"])
            .env(DATABASE, &site.url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines
            .map_while(Result::ok)
            .any(|line| line.contains(last_words));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(said, "the process ended without {last_words:?}");
        assert_eq!(site.count("guardian_session").await, 0);
        assert_eq!(
            site.count("guardian_event where delivered_at is null")
                .await,
            1
        );

        // What it had taken for itself is free again after a minute.
        site.pass_time(Duration::from_secs(61));
        let (heard, mut events) = unbounded_channel();
        let _restarted = site.server(|builder| with_hook(builder, &heard)).await;
        let event = timeout(Duration::from_secs(10), events.recv()).await;
        assert_eq!(event.unwrap().unwrap().user_id, "ada");
        site.until("guardian_event where delivered_at is not null", 1)
            .await;
    }
}
