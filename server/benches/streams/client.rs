//! Many browsers, each with a stream of events: plain HTTP/1.1 over its own connection.

use crate::{Outcome, common::median};
use std::{
    future::Future,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

/// How many sign-ins, or openings of streams, are under way at once.
const WORKERS: usize = 8;

/// How long the listening tasks may take to begin.
const BEGINNING: Duration = Duration::from_secs(1);

/// The connections that check a session, how often they take a turn, and how long a turn is.
const CHECKERS: usize = 16;
const CHECK_TURNS: usize = 5;
const CHECK_TURN: Duration = Duration::from_secs(1);

/// The most that is read before the expected text, in bytes.
const LONGEST_RESPONSE: usize = 4096;

/// Signs in `count` times, each time with a new session. `path` gets the number of the sign-in.
/// Returns the cookies, by worker.
pub async fn sign_in(
    address: SocketAddr,
    count: usize,
    path: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
) -> Outcome<Vec<Vec<String>>> {
    let share = move |worker: usize| {
        let path = path.clone();
        async move {
            let mut connection = TcpStream::connect(address).await?;
            let mut cookies = Vec::new();
            for number in (worker..count).step_by(WORKERS) {
                let request = post(address, &path(number));
                let response = ask(&mut connection, &request, Expected::NO_CONTENT).await?;
                cookies.push(cookie(&response).ok_or("A sign-in set no cookie.")?);
            }
            Ok(cookies)
        }
    };
    all((0..WORKERS).map(share)).await
}

fn post(address: SocketAddr, path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n\r\n")
}

/// Fills the server's caches of its database.
pub async fn fill_caches(address: SocketAddr) -> Outcome<()> {
    let mut connection = TcpStream::connect(address).await?;
    let request = post(address, "/fill-caches");
    ask(&mut connection, &request, Expected::NO_CONTENT).await?;
    Ok(())
}

/// The name and value of the cookie that a response sets.
fn cookie(response: &str) -> Option<String> {
    let set = response
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))?;
    set.split(';').next().map(str::to_owned)
}

/// Opens a stream with each of the cookies.
pub async fn open_streams(
    address: SocketAddr,
    cookies: Vec<Vec<String>>,
) -> Outcome<Vec<TcpStream>> {
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

/// Checks one session on several connections, and returns how often per second: the median of some turns.
pub async fn checks_per_second(address: SocketAddr, cookie: &str) -> Outcome<f64> {
    let request = format!("GET /whoami HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n");
    let mut rates = Vec::new();
    for _ in 0..CHECK_TURNS {
        let check = |_| {
            let request = request.clone();
            async move {
                let mut connection = TcpStream::connect(address).await?;
                let start = Instant::now();
                let mut count = 0.0;
                while start.elapsed() < CHECK_TURN {
                    ask(&mut connection, &request, Expected::USER).await?;
                    count += 1.0;
                }
                Ok(count / start.elapsed().as_secs_f64())
            }
        };
        let rate: f64 = all((0..CHECKERS).map(check)).await?.iter().sum();
        rates.push(rate);
    }
    Ok(median(rates).unwrap_or_default())
}

/// How long a sign-out took from the start of the request, in seconds.
pub struct SignOutTimes {
    /// Until the response.
    pub response: f64,
    /// Until the last stream that it concerned was notified.
    pub last_stream: f64,
}

impl SignOutTimes {
    /// How long after the response the last stream was notified.
    pub fn notice(&self) -> f64 {
        (self.last_stream - self.response).max(0.0)
    }
}

/// Signs out, and waits until the first `concerned` of the streams are notified. Then closes all.
pub async fn sign_out(
    address: SocketAddr,
    path: &str,
    mut streams: Vec<TcpStream>,
    concerned: usize,
) -> Outcome<SignOutTimes> {
    let mut connection = TcpStream::connect(address).await?;
    let others = streams.split_off(concerned);
    // Kept open until all are notified, so that closing takes no time from notifying.
    let listen = |mut stream: TcpStream| async move {
        read(&mut stream, Expected::SIGN_OUT).await?;
        Ok((Instant::now(), stream))
    };
    let listening = tokio::spawn(all(streams.into_iter().map(listen)));
    sleep(BEGINNING).await;

    let start = Instant::now();
    ask(&mut connection, &post(address, path), Expected::NO_CONTENT).await?;
    let response = start.elapsed();
    let notified = listening.await??;
    let last_stream = notified
        .iter()
        .map(|(when, _)| when.duration_since(start))
        .max();
    drop(others);
    Ok(SignOutTimes {
        response: response.as_secs_f64(),
        last_stream: last_stream.unwrap_or_default().as_secs_f64(),
    })
}

/// Runs tasks side by side until all are done, or one has failed. Returns their results in order.
async fn all<T, F>(tasks: impl Iterator<Item = F>) -> Outcome<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let running: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut done = Vec::with_capacity(running.len());
    for task in running {
        done.push(task.await??);
    }
    Ok(done)
}

/// How a response begins, and the text in it to wait for.
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
    /// The name of the visitor who checks the session.
    const USER: Self = Self {
        start: "HTTP/1.1 200",
        end: "\r\n\r\nvisitor",
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
    while text.len() < LONGEST_RESPONSE {
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
