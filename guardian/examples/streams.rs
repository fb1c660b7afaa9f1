//! Measures what open `/guardian/events` streams cost the server's memory, and how soon the
//! last is told of a sign-out of everyone: `scripts/measure-streams`. Each number of streams
//! gets a server process of its own. Memory is what Linux counts as resident: without the
//! kernel's sockets, with SQLite's page caches (16 MB at most, however many streams). Times
//! are with the client on the same machine, which takes its share of the processors.

use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use http::StatusCode;
use leptos_guardian::{
    Profile, Reason,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{self, Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How many streams are open at once, one measurement after the other.
const STREAMS: [usize; 2] = [1_000, 10_000];

/// How many sign-ins, and openings of streams, are under way at once.
const WORKERS: usize = 8;

/// File descriptors beside the streams: the database, the workers, the runtime.
const SPARE_FILES: usize = 200;

/// How long the server gets to come to rest before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// How long one measurement may take in all.
const LIMIT: Duration = Duration::from_secs(180);

/// The most that is read before what was waited for, in bytes.
const LONGEST_ANSWER: usize = 4096;

const BYTES_PER_KIB: usize = 1024;
const BYTES_PER_MIB: f64 = 1024.0 * 1024.0;
const MS_PER_SECOND: f64 = 1000.0;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => measure_all().await,
        ["server", folder] => serve(folder).await,
        _ => Err("streams takes no arguments".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

// The server.

async fn serve(folder: &str) -> Outcome<()> {
    let database = Database::connect(&format!("sqlite://{folder}/app.db")).await?;
    let guardian = Guardian::builder(database)
        .site_url("http://127.0.0.1")
        .key(SigningKey::generate())
        .build()
        .await?;
    let routes = Router::new()
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-out-everyone", post(sign_out_everyone))
        .with_state(guardian.clone());
    let service = guardian
        .protect(routes)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(stop_with_client);
    axum::serve(listener, service).await?;
    Ok(())
}

async fn sign_in(auth: Auth, Path(user): Path<String>) -> StatusCode {
    let identity = Identity {
        profile: Profile {
            name: user.clone(),
            ..Default::default()
        },
        user_id: user,
        method: "test".into(),
    };
    no_content(auth.sign_in(identity).await)
}

async fn sign_out_everyone(State(guardian): State<Guardian>) -> StatusCode {
    no_content(guardian.sign_out_everyone(Reason::Administrator).await)
}

/// An answer without a body: it ends where its headers end.
fn no_content<T>(outcome: Result<T, impl Error>) -> StatusCode {
    match outcome {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("server: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// The client holds the other end of standard input, however it ends.
fn stop_with_client() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(0);
}

// The client.

async fn measure_all() -> Outcome<()> {
    if !cfg!(target_os = "linux") {
        return Err("This measures with /proc, which only Linux has.".into());
    }
    check_open_files()?;
    for streams in STREAMS {
        let measured = timeout(LIMIT, measure(streams)).await;
        measured.map_err(|_| format!("{streams} streams took longer than {LIMIT:?}"))??;
    }
    Ok(())
}

async fn measure(count: usize) -> Outcome<()> {
    let server = Server::start()?;
    let cookies = sign_in_users(server.address, count).await?;
    sleep(SETTLE).await;
    let before = server.memory()?;

    let streams = open_streams(server.address, cookies).await?;
    sleep(SETTLE).await;
    let during = server.memory()?;

    let told = tell_everyone(server.address, streams).await?;
    sleep(SETTLE).await;
    let after = server.memory()?;

    let per_stream = during.saturating_sub(before) / count;
    println!("{count} streams");
    println!("  {per_stream} bytes per stream");
    println!(
        "  resident: {} before, {} with them, {} after they were closed",
        mib(before),
        mib(during),
        mib(after)
    );
    println!(
        "  sign-out of everyone: answered after {}, first told after {}, last told after {}, {}",
        ms(told.answer),
        ms(told.first),
        ms(told.last),
        relative(told.last, told.answer)
    );
    Ok(())
}

fn mib(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / BYTES_PER_MIB)
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * MS_PER_SECOND)
}

fn relative(event: Duration, to_answer: Duration) -> String {
    match event.checked_sub(to_answer) {
        Some(later) => format!("{} after the answer", ms(later)),
        None => format!("{} before the answer", ms(to_answer - event)),
    }
}

/// Each stream is a socket, here and there: the server inherits the limit.
fn check_open_files() -> Outcome<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    let needed = STREAMS.into_iter().max().unwrap_or(0) + SPARE_FILES;
    // "unlimited" is no number.
    match soft.and_then(|soft| soft.parse::<usize>().ok()) {
        Some(soft) if soft < needed => Err(format!(
            "Only {soft} files may be open at once, and {needed} are needed: run scripts/measure-streams."
        )
        .into()),
        _ => Ok(()),
    }
}

/// The server's process. It is stopped when this is dropped.
struct Server {
    process: Child,
    address: SocketAddr,
    /// Removed after the process has been stopped.
    _folder: TempDir,
}

impl Server {
    fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let process = Command::new(env::current_exe()?)
            .arg("server")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut server = Self {
            process,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            _folder: folder,
        };
        let mut port = String::new();
        if let Some(output) = server.process.stdout.take() {
            BufReader::new(output).read_line(&mut port)?;
        }
        let port = port.trim().parse();
        server
            .address
            .set_port(port.map_err(|_| "The server did not start.")?);
        Ok(server)
    }

    /// Its resident memory, in bytes.
    fn memory(&self) -> Outcome<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        let kib: usize = kib.ok_or("/proc has no VmRSS of the server.")?.parse()?;
        Ok(kib * BYTES_PER_KIB)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Signs in as many users, each in a session of its own. Answers the cookies, by worker.
async fn sign_in_users(address: SocketAddr, count: usize) -> Outcome<Vec<Vec<String>>> {
    let share = move |worker: usize| async move {
        let mut connection = TcpStream::connect(address).await?;
        let mut cookies = Vec::new();
        for user in (worker..count).step_by(WORKERS) {
            let request = format!("POST /sign-in/user-{user} HTTP/1.1\r\nhost: {address}\r\n\r\n");
            let answer = ask(&mut connection, &request, Expected::NO_CONTENT).await?;
            cookies.push(cookie(&answer).ok_or("A sign-in set no cookie.")?);
        }
        Ok(cookies)
    };
    all((0..WORKERS).map(share)).await
}

/// The name and value that an answer sets.
fn cookie(answer: &str) -> Option<String> {
    let set = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))?;
    set.split(';').next().map(str::to_owned)
}

/// Opens a stream with each of the cookies.
async fn open_streams(address: SocketAddr, cookies: Vec<Vec<String>>) -> Outcome<Vec<TcpStream>> {
    let share = move |cookies: Vec<String>| async move {
        let mut streams = Vec::with_capacity(cookies.len());
        for cookie in cookies {
            let mut stream = TcpStream::connect(address).await?;
            let request = format!(
                "GET /guardian/events HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\
                 accept: text/event-stream\r\n\r\n"
            );
            ask(&mut stream, &request, Expected::STREAM).await?;
            streams.push(stream);
        }
        Ok(streams)
    };
    Ok(all(cookies.into_iter().map(share))
        .await?
        .into_iter()
        .flatten()
        .collect())
}

/// How long things took, from the start of the request.
struct Told {
    answer: Duration,
    first: Duration,
    last: Duration,
}

/// Signs everyone out, waits until every stream has been told, and closes them.
async fn tell_everyone(address: SocketAddr, streams: Vec<TcpStream>) -> Outcome<Told> {
    let mut connection = TcpStream::connect(address).await?;
    // Kept open until all have been told, so that closing takes no time from telling.
    let listen = |mut stream: TcpStream| async move {
        read(&mut stream, Expected::SIGN_OUT).await?;
        Ok((Instant::now(), stream))
    };
    let listening = tokio::spawn(all(streams.into_iter().map(listen)));
    // Until the tasks have been spawned and wait.
    sleep(SETTLE).await;

    let start = Instant::now();
    let request = format!("POST /sign-out-everyone HTTP/1.1\r\nhost: {address}\r\n\r\n");
    ask(&mut connection, &request, Expected::NO_CONTENT).await?;
    let answer = start.elapsed();
    let told = listening.await??;
    let times = || told.iter().map(|(when, _)| when.duration_since(start));
    Ok(Told {
        answer,
        first: times().min().unwrap_or_default(),
        last: times().max().unwrap_or_default(),
    })
}

/// Runs tasks side by side until all are done, or one has failed.
async fn all<T, F>(tasks: impl Iterator<Item = F>) -> Outcome<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let mut running: JoinSet<_> = tasks.collect();
    let mut done = Vec::with_capacity(running.len());
    while let Some(outcome) = running.join_next().await {
        done.push(outcome??);
    }
    Ok(done)
}

/// How an answer begins, and the words in it that are waited for.
#[derive(Clone, Copy)]
struct Expected {
    start: &'static str,
    end: &'static str,
}

impl Expected {
    const NO_CONTENT: Self = Self {
        start: "HTTP/1.1 204",
        end: "\r\n\r\n",
    };
    const STREAM: Self = Self {
        start: "HTTP/1.1 200",
        end: "event: session\n",
    };
    const SIGN_OUT: Self = Self {
        start: "",
        end: "event: signed_out\n",
    };
}

async fn ask(connection: &mut TcpStream, request: &str, expected: Expected) -> Outcome<String> {
    connection.write_all(request.as_bytes()).await?;
    read(connection, expected).await
}

async fn read(connection: &mut TcpStream, expected: Expected) -> Outcome<String> {
    let mut text = Vec::new();
    let mut buffer = [0; 256];
    while text.len() < LONGEST_ANSWER {
        let length = connection.read(&mut buffer).await?;
        text.extend_from_slice(&buffer[..length]);
        let end = expected.end.as_bytes();
        let has_start = text.starts_with(expected.start.as_bytes());
        if has_start && text.windows(end.len()).any(|part| part == end) {
            return Ok(String::from_utf8(text)?);
        }
        if length == 0 || (!has_start && text.len() >= expected.start.len()) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    Err(format!(
        "The server should have sent {:?}, and sent: {text}",
        expected.end
    )
    .into())
}
