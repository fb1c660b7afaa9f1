//! The server as a process: how it starts, and how it is stopped.

mod common;

use common::{PASSWORD, database};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn server(folder: &Path, url: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .current_dir(folder)
        .env("DATABASE_URL", url)
        .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
        .env("SITE_URL", format!("http://127.0.0.1:{port}"))
        .env("ATTEMPTS_PER_MINUTE", "10000")
        .env("RUST_LOG", "info")
        .stdout(Stdio::piped());
    command
}

/// A running server, its log, and a way to ask it.
struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    address: String,
    client: Client<HttpConnector, String>,
}

impl Process {
    /// Starts a server, and waits until it serves.
    async fn start(folder: &Path, url: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = server(folder, url, port)
            .env("SESSION_KEY", KEY)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let into = Arc::clone(&log);
        let reader = thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).unwrap_or(0) > 0 {
                into.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let process = Self {
            child,
            log,
            reader: Some(reader),
            address: format!("http://127.0.0.1:{port}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        process.until_logged("Serving").await;
        process
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    async fn until_logged(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(90),
                "no {text:?}: {}",
                self.log()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Answers the status, the session's cookie if one is set, and the body; `None` when the
    /// server is gone.
    async fn post(
        &self,
        path: &str,
        cookie: &str,
        fields: &str,
    ) -> Option<(StatusCode, Option<String>, String)> {
        let request = Request::post(format!("{}{path}", self.address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .body(fields.to_owned())
            .unwrap();
        let answer = self.client.request(request).await.ok()?;
        let status = answer.status();
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookie = cookies
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with("session="))
            .map(str::to_owned);
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, cookie, String::from_utf8(body.into()).ok()?))
    }

    async fn sign_up(&self, email: &str) -> String {
        let fields = format!("name=Ada&email={email}&password={PASSWORD}");
        let answer = self.post("/api/sign_up", "", &fields).await;
        answer.unwrap().1.unwrap()
    }

    async fn is_signed_in(&self, cookie: &str) -> bool {
        let (status, _, body) = self.post("/api/session", cookie, "").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        body != "null"
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.unwrap().success());
    }

    /// Waits for its end, and answers how it ended and all that it logged.
    fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

/// Only if a test has failed half-way.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often the hook has run.
fn heard(log: &str) -> usize {
    log.matches("after sign-out").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_the_middle_of_sign_outs_it_keeps_what_it_has_answered() {
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
            let answer = process.post("/api/sign_out", &cookie, "").await;
            (
                user,
                answer.is_some_and(|(status, ..)| status == StatusCode::OK),
            )
        });
    }
    // The first answer is there, and the others are on their way.
    let mut answered = vec![false; USERS];
    let mut note = |(user, was_answered): (usize, bool)| answered[user] = was_answered;
    note(sign_outs.join_next().await.unwrap().unwrap());
    process.terminate();
    let on_their_way = sign_outs.len();
    assert!(on_their_way > 0);
    while let Some(answer) = sign_outs.join_next().await {
        note(answer.unwrap());
    }
    let Ok(process) = Arc::try_unwrap(process) else {
        panic!("all sign-outs are over");
    };
    let (status, first_log) = process.wait();
    assert!(status.success(), "{first_log}");
    assert!(first_log.contains("stopped"), "{first_log}");

    let restarted = Process::start(folder.path(), &url).await;
    let mut signed_out = 0;
    for (cookie, was_answered) in cookies.iter().zip(&answered) {
        let is_in = restarted.is_signed_in(cookie).await;
        assert!(!(is_in && *was_answered), "the answer was a lie");
        signed_out += usize::from(!is_in);
    }
    let count = answered
        .iter()
        .filter(|was_answered| **was_answered)
        .count();
    println!(
        "{count} of {USERS} were answered, {on_their_way} were on their way, {signed_out} are out"
    );
    // The hook hears of each, from one server or the other.
    let start = Instant::now();
    while heard(&first_log) + heard(&restarted.log()) < signed_out {
        assert!(
            start.elapsed() < Duration::from_secs(90),
            "{}",
            restarted.log()
        );
        sleep(Duration::from_millis(100)).await;
    }
}

/// `kill -9`, each time a little after the answer: before, during or after the hook.
#[tokio::test(flavor = "multi_thread")]
async fn killed_after_a_sign_out_it_has_signed_out_and_the_hook_runs() {
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
    while heard(&log) + heard(&last.log()) < cookies.len() {
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

/// Runs a server that does not start, and answers what it says.
fn refused(command: &mut Command) -> String {
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
fn a_database_that_never_comes_is_waited_for_and_then_given_up() {
    let folder = TempDir::new().unwrap();
    let start = Instant::now();
    let url = "postgres://postgres:secret@127.0.0.1:1/app";
    let log = refused(server(folder.path(), url, 0).env("SESSION_KEY", KEY));
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
    refused(command.args(["sessions", "--user", "ada@example.com"]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_corrupt_key_file_is_named_and_nothing_starts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data/session.key");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"\xffcut off").unwrap();
    let log = refused(&mut server(folder.path(), "sqlite://data/app.db", 0));
    assert!(log.contains("data/session.key is not usable"), "{log}");
    assert_eq!(std::fs::read(&file).unwrap(), b"\xffcut off");
    assert!(!folder.path().join("data/app.db").exists());
}
