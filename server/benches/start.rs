//! How soon the starter's server responds after its start, on an empty database, and how much
//! memory it takes: while idle, while it hashes passwords, and afterwards. Linux only.

#[path = "../../guardian/benches/common/mod.rs"]
mod common;

use common::{Aim, Kind, Process, Row, Unit, kinds, median, report};
use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread::{self, sleep},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// The most that the first page on SQLite may take, in seconds, and the memory while idle, in bytes.
const FIRST_PAGE: f64 = 0.06;
const MEMORY: f64 = 30_000_000.0;

/// How often the server is started. The report has the median.
const STARTS: usize = 5;

/// The pause between two requests, until it responds.
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may settle before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// Sign-ins at once. Each hashes a password.
const SIGN_INS: usize = 32;

/// Pages after them.
const PAGES: usize = 20;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    let (mut hashing, mut afterwards) = (Vec::new(), Vec::new());
    for kind in kinds() {
        let starts: Vec<Start> = (0..STARTS)
            .map(|_| Start::measure(&runtime, kind))
            .collect();
        let median = |of: fn(&Start) -> f64| median(starts.iter().map(of).collect());
        times.extend(median(|start| start.time));
        memory.extend(median(|start| start.memory));
        hashing.extend(median(|start| start.hashing));
        afterwards.extend(median(|start| start.afterwards));
    }
    report::heading("The starter's server");
    Row::new("from its start to its first page", Unit::Seconds, times)
        // PostgreSQL's programs start in their own time.
        .aims(vec![Aim::AtMost(FIRST_PAGE)])
        .report();
    Row::new("memory while idle", Unit::Bytes, memory)
        .aim(Aim::AtMost(MEMORY))
        .report();
    let what = format!("most memory during {SIGN_INS} sign-ins at once");
    Row::new(what, Unit::Bytes, hashing).report();
    let what = format!("memory after them and {PAGES} pages");
    Row::new(what, Unit::Bytes, afterwards)
        .aim(Aim::AtMost(MEMORY))
        .report();
}

struct Start {
    /// In seconds.
    time: f64,
    /// What Linux counts as resident while it is idle, in bytes.
    memory: f64,
    /// The most until the sign-ins were over.
    hashing: f64,
    /// After the sign-ins.
    afterwards: f64,
}

impl Start {
    fn measure(runtime: &Runtime, kind: Kind) -> Self {
        let database = runtime.block_on(kind.fresh());
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("its address");
        drop(free);
        let start = Instant::now();
        let process = Command::new(server())
            .current_dir(database.folder.path())
            .env("DATABASE_URL", &database.url)
            .env("LEPTOS_SITE_ADDR", address.to_string())
            .env("SITE_URL", format!("http://{address}"))
            .env_remove("SESSION_KEY")
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .spawn()
            .map(Process)
            .expect("the server");
        while get_home_page(address).is_err() {
            assert!(start.elapsed() < PATIENCE, "the server does not respond");
            sleep(PAUSE);
        }
        let time = start.elapsed().as_secs_f64();
        sleep(SETTLE);
        let memory = process.memory();
        thread::scope(|scope| {
            for user in 0..SIGN_INS {
                scope.spawn(move || sign_in(address, user).expect("a response"));
            }
        });
        let hashing = process.most_memory();
        sleep(SETTLE);
        // The allocator gives memory back while it works.
        for _ in 0..PAGES {
            get_home_page(address).expect("a page");
        }
        sleep(SETTLE);
        let afterwards = process.memory();
        drop(process);
        runtime.block_on(database.remove());
        Self {
            time,
            memory,
            hashing,
            afterwards,
        }
    }
}

/// Fails while the server does not listen yet.
fn get_home_page(address: SocketAddr) -> io::Result<()> {
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut page = String::new();
    connection.read_to_string(&mut page)?;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    Ok(())
}

/// Signs in to an account that does not exist, which costs as much as one that does.
fn sign_in(address: SocketAddr, user: usize) -> io::Result<()> {
    let form = format!("email=user-{user}@example.com&password=a long password");
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "POST /api/sign_in HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    Ok(())
}

/// The release, which `scripts/bench` has built. The bench's own program is in `deps/` beside it.
fn server() -> PathBuf {
    let bench = env::current_exe().expect("a program");
    let release = bench.ancestors().nth(2).expect("target/release");
    release.join("server")
}
