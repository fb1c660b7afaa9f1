//! The server as a process: how it starts, and how it is stopped.

mod common;
#[path = "common/process.rs"]
mod process;

use common::database;
use http::StatusCode;
use process::{KEY, Process, server};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};

/// A person who presses Ctrl-C again does not want to wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once() {
    let folder = TempDir::new().unwrap();
    let url = database::fresh(&folder).await;
    let process = Process::start(folder.path(), &url).await;
    // A request whose body never ends.
    let mut slow = TcpStream::connect(process.address.trim_start_matches("http://")).unwrap();
    let head = "POST /api/sign_in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    slow.write_all(head.as_bytes()).unwrap();
    // It has arrived before a later one is served.
    assert!(!process.is_signed_in("").await);
    process.terminate();
    sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    process.terminate();
    let (status, log) = process.wait();
    assert!(status.success(), "{log}");
    assert!(log.contains("second signal"), "{log}");
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}

/// How often the hook has run.
fn hook_runs(log: &str) -> usize {
    log.matches("after sign-out").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_sign_outs_undoes_none_that_succeeded() {
    const USERS: usize = 24;
    let folder = TempDir::new().unwrap();
    let url = database::fresh(&folder).await;
    let process = Arc::new(Process::start(folder.path(), &url).await);
    let mut cookies = Vec::new();
    for user in 0..USERS {
        cookies.push(process.sign_up(&format!("user-{user}@example.com")).await);
    }
    let mut sign_outs = JoinSet::new();
    for (user, cookie) in cookies.iter().cloned().enumerate() {
        let process = Arc::clone(&process);
        sign_outs.spawn(async move {
            let response = process.post("/api/sign_out", &cookie, "").await;
            (
                user,
                response.is_some_and(|(status, ..)| status == StatusCode::OK),
            )
        });
    }
    // The first sign-out has succeeded, and the others are under way.
    let mut has_succeeded = vec![false; USERS];
    let mut record = |(user, succeeded): (usize, bool)| has_succeeded[user] = succeeded;
    record(sign_outs.join_next().await.unwrap().unwrap());
    process.terminate();
    let under_way = sign_outs.len();
    assert!(under_way > 0);
    while let Some(response) = sign_outs.join_next().await {
        record(response.unwrap());
    }
    let Ok(process) = Arc::try_unwrap(process) else {
        panic!("all sign-outs have ended");
    };
    let (status, first_log) = process.wait();
    assert!(status.success(), "{first_log}");
    assert!(first_log.contains("stopped"), "{first_log}");

    let restarted = Process::start(folder.path(), &url).await;
    let mut signed_out = 0;
    for (cookie, succeeded) in cookies.iter().zip(&has_succeeded) {
        let is_in = restarted.is_signed_in(cookie).await;
        assert!(!(is_in && *succeeded), "a sign-out was undone");
        signed_out += usize::from(!is_in);
    }
    let count = has_succeeded.iter().filter(|succeeded| **succeeded).count();
    println!(
        "{count} of {USERS} succeeded, {under_way} were under way, {signed_out} are signed out"
    );
    // The hook runs for each, on one server or the other.
    let start = Instant::now();
    while hook_runs(&first_log) + hook_runs(&restarted.log()) < signed_out {
        assert!(
            start.elapsed() < Duration::from_secs(90),
            "{}",
            restarted.log()
        );
        sleep(Duration::from_millis(100)).await;
    }
}

/// `kill -9`, each time a little later after the response: before, during or after the hook.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_a_sign_out_undoes_nothing_and_the_hook_runs() {
    let folder = TempDir::new().unwrap();
    let url = database::fresh(&folder).await;
    let mut log = String::new();
    let mut cookies: Vec<String> = Vec::new();
    for round in 0..5 {
        let mut process = Process::start(folder.path(), &url).await;
        for cookie in &cookies {
            assert!(!process.is_signed_in(cookie).await);
        }
        let cookie = process.sign_up(&format!("user-{round}@example.com")).await;
        let (status, ..) = process.post("/api/sign_out", &cookie, "").await.unwrap();
        assert_eq!(status, StatusCode::OK);
        sleep(Duration::from_millis(round)).await;
        process.child.kill().unwrap();
        log += &process.wait().1;
        cookies.push(cookie);
    }
    let last = Process::start(folder.path(), &url).await;
    let start = Instant::now();
    while hook_runs(&log) + hook_runs(&last.log()) < cookies.len() {
        assert!(
            start.elapsed() < Duration::from_secs(90),
            "{log}{}",
            last.log()
        );
        sleep(Duration::from_millis(100)).await;
    }
    for cookie in &cookies {
        assert!(!last.is_signed_in(cookie).await);
    }
}

/// Runs a server that fails to start, and returns its log.
fn fail_to_start(command: &mut Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut log = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(!child.wait().unwrap().success(), "{log}");
    log
}

#[test]
fn the_server_waits_for_an_absent_database_and_then_gives_up() {
    let folder = TempDir::new().unwrap();
    let start = Instant::now();
    let url = "postgres://postgres:secret@127.0.0.1:1/app";
    let log = fail_to_start(server(folder.path(), url, 0).env("SESSION_KEY", KEY));
    assert!(
        start.elapsed() > Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    assert!(log.contains("cannot be reached; trying again"), "{log}");
    assert!(log.contains("given up"), "{log}");
    assert!(log.contains("refused"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn a_command_in_the_wrong_folder_leaves_nothing_there() {
    let folder = TempDir::new().unwrap();
    let mut command = server(folder.path(), "sqlite://data/app.db", 0);
    fail_to_start(command.args(["sessions", "--user", "ada@example.com"]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_corrupt_key_file_is_named_and_the_server_does_not_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data/session.key");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"\xffcut off").unwrap();
    let log = fail_to_start(&mut server(folder.path(), "sqlite://data/app.db", 0));
    assert!(log.contains("data/session.key is not usable"), "{log}");
    assert_eq!(std::fs::read(&file).unwrap(), b"\xffcut off");
    assert!(!folder.path().join("data/app.db").exists());
}
