//! The hook runs even if the process is killed (`kill -9`) during or right after a sign-out.

mod common;

use common::{Site, with_hook};
use leptos_guardian::SignOutScope;
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{sync::mpsc::unbounded_channel, time::timeout};

/// The variable with the child process's database URL.
const DATABASE_URL: &str = "DATABASE_OF_KILLED_PROCESS";

/// Not a test, but the process that the other test kills. It signs a user out, and its hook never
/// returns.
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
    let mut browser = site.signed_in("ada").await;
    let response = browser.sign_out(SignOutScope::Local).await;
    assert!(response.status.is_success());
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
        assert_eq!(site.count("guardian_session").await, 0);
        assert_eq!(
            site.count("guardian_event where delivered_at is null")
                .await,
            1
        );

        // The killed process's claim on the event expires after a minute.
        site.pass_time(Duration::from_secs(61));
        let (sender, mut events) = unbounded_channel();
        let _restarted = site.server(|builder| with_hook(builder, &sender)).await;
        let event = timeout(Duration::from_secs(10), events.recv()).await;
        assert_eq!(event.unwrap().unwrap().user_id, "ada");
        site.until_count("guardian_event where delivered_at is not null", 1)
            .await;
    }
}
