//! The server as a process.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::common::PASSWORD;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::time::sleep;

pub const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

pub fn server(folder: &Path, url: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .current_dir(folder)
        .env("DATABASE_URL", url)
        .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
        // All servers are one site. The cookie's name has its port.
        .env("SITE_URL", "http://127.0.0.1:3000")
        .env("ATTEMPTS_PER_MINUTE", "10000")
        .env("RUST_LOG", "info")
        .stdout(Stdio::piped());
    command
}

/// A running server, its log, and a client for it.
pub struct Process {
    pub child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    pub address: String,
    client: Client<HttpConnector, String>,
}

impl Process {
    /// Starts a server, and waits until it serves.
    pub async fn start(folder: &Path, url: &str) -> Self {
        Self::start_as(folder, url, |command| command).await
    }

    /// The same, with a command that the test arranges.
    pub async fn start_as(
        folder: &Path,
        url: &str,
        arrange: impl FnOnce(Command) -> Command,
    ) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = server(folder, url, port);
        command.env("SESSION_KEY", KEY);
        let mut child = arrange(command).spawn().unwrap();
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

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub async fn until_logged(&self, text: &str) {
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

    /// Returns the status, the session's cookie if one is set, and the body; `None` when the
    /// server is gone.
    pub async fn post(
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
        let response = self.client.request(request).await.ok()?;
        let status = response.status();
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let cookie = cookies
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| {
                cookie.starts_with(concat!(env!("LEPTOS_OUTPUT_NAME"), "_session-3000="))
            })
            .map(str::to_owned);
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, cookie, String::from_utf8(body.into()).ok()?))
    }

    pub async fn sign_up(&self, email: &str) -> String {
        let fields = format!("name=Ada&email={email}&password={PASSWORD}");
        let response = self.post("/api/sign_up", "", &fields).await;
        response.unwrap().1.unwrap()
    }

    pub async fn is_signed_in(&self, cookie: &str) -> bool {
        let (status, _, body) = self.post("/api/session", cookie, "").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        body != "null"
    }

    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.unwrap().success());
    }

    /// Waits for the process to end. Returns its status and its whole log.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

/// For a test that fails half-way.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
