//! How soon the starter's server responds after its start, on an empty database, and how much
//! memory it takes while idle. Linux only.

#[path = "../../guardian/benches/common/mod.rs"]
mod common;

use common::{Aim, Kind, Process, Row, Unit, kinds, median, report};
use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread::sleep,
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

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for kind in kinds() {
        let starts: Vec<Start> = (0..STARTS)
            .map(|_| Start::measure(&runtime, kind))
            .collect();
        let median = |of: fn(&Start) -> f64| median(starts.iter().map(of).collect());
        times.extend(median(|start| start.time));
        memory.extend(median(|start| start.memory));
    }
    report::heading("The starter's server");
    Row::new("from its start to its first page", Unit::Seconds, times)
        // PostgreSQL's programs start in their own time.
        .aims(vec![Aim::AtMost(FIRST_PAGE)])
        .report();
    Row::new("memory while idle", Unit::Bytes, memory)
        .aim(Aim::AtMost(MEMORY))
        .report();
}

struct Start {
    /// In seconds.
    time: f64,
    /// What Linux counts as resident, in bytes.
    memory: f64,
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
        drop(process);
        runtime.block_on(database.remove());
        Self { time, memory }
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

/// The release, which `scripts/bench` has built. The bench's own program is in `deps/` beside it.
fn server() -> PathBuf {
    let bench = env::current_exe().expect("a program");
    let release = bench.ancestors().nth(2).expect("target/release");
    release.join("server")
}
