//! What the server does when its disk is full, and when the power is cut.
//!
//! For SQLite, whose disk is the server's own.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/process.rs"]
mod process;

use common::database;
use http::StatusCode;
use process::Process;
use sqlx::{Connection as _, SqliteConnection};
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

fn run(program: &str, arguments: &[&dyn AsRef<OsStr>]) {
    let status = Command::new(program).args(arguments).status();
    assert!(status.unwrap().success(), "{program}");
}

/// Limits the size of the files that a process writes, in bytes. `None` removes the limit.
fn limit_files(process: &Process, bytes: Option<u64>) {
    let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
    let pid = process.child.id().to_string();
    run(
        "prlimit",
        &[
            &format!("--pid={pid}"),
            &format!("--fsize={limit}:unlimited"),
        ],
    );
}

/// A shell that ignores the signal for a file over the limit, and becomes the server.
fn ignoring_the_limit(server: Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; exec \"$0\""])
        .arg(server.get_program())
        .envs(
            server
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(server.get_current_dir().unwrap())
        .stdout(Stdio::piped());
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_outs_succeed_again_after_a_full_disk() {
    const USERS: usize = 20;
    let folder = TempDir::new().unwrap();
    let url = database::on_sqlite(&folder);
    let process = Process::start_as(folder.path(), &url, ignoring_the_limit).await;
    let mut cookies = Vec::new();
    for user in 0..USERS {
        cookies.push(process.sign_up(&format!("user-{user}@example.com")).await);
    }
    limit_files(&process, Some(1));
    for cookie in cookies.iter().cycle().take(2 * USERS) {
        let (status, ..) = process.post("/api/sign_out", cookie, "").await.unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(process.is_signed_in(cookie).await, "reading needs no space");
    }
    limit_files(&process, None);
    for (user, cookie) in cookies.iter().enumerate() {
        let (status, _, body) = process.post("/api/sign_out", cookie, "").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{user}: {body}");
        assert!(!process.is_signed_in(cookie).await);
    }
    process.sign_up("another@example.com").await;
}

/// A folder with the content of each file at its last sync.
struct SyncedDisk {
    folder: TempDir,
    shim: String,
}

impl SyncedDisk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let shim = folder.path().join("unsynced.so").display().to_string();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unsynced.c");
        let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        run(&cc, &[&"-shared", &"-fPIC", &"-o", &shim, &source, &"-ldl"]);
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        Self { folder, shim }
    }

    fn url(&self) -> String {
        format!("sqlite://{}/disk/test.db", self.folder.path().display())
    }

    fn watch(&self, mut server: Command) -> Command {
        server
            .env("LD_PRELOAD", &self.shim)
            .env("SYNCED_FOLDER", self.folder.path().join("disk"));
        server
    }

    /// Brings everything to the disk that was written so far.
    async fn settle(&self, url: &str) {
        let mut database = SqliteConnection::connect(url).await.unwrap();
        let busy: i64 = sqlx::query_scalar("pragma wal_checkpoint(truncate)")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(busy, 0);
        let file = url.strip_prefix("sqlite://").unwrap();
        std::fs::copy(file, self.folder.path().join("disk/test.db")).unwrap();
        for log in ["test.db-wal", "test.db-journal"] {
            let _ = std::fs::remove_file(self.folder.path().join("disk").join(log));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_brings_no_signed_out_session_back() {
    let folder = TempDir::new().unwrap();
    let url = database::on_sqlite(&folder);
    let disk = SyncedDisk::new();
    let mut process = Process::start_as(folder.path(), &url, |server| disk.watch(server)).await;
    let mut ended = Vec::new();
    for user in 0..4 {
        ended.push(process.sign_up(&format!("user-{user}@example.com")).await);
    }
    let stays = process.sign_up("ada@example.com").await;
    disk.settle(&url).await;
    for (cookie, fields) in ended.iter().zip(["", "scope=browser", "scope=global", ""]) {
        let (status, ..) = process.post("/api/sign_out", cookie, fields).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    process.child.kill().unwrap();
    drop(process);

    let restarted = Process::start(folder.path(), &disk.url()).await;
    assert!(
        restarted.is_signed_in(&stays).await,
        "the session was on the disk"
    );
    for cookie in &ended {
        assert!(!restarted.is_signed_in(cookie).await);
    }
}
