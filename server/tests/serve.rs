//! How the server begins and ends.

use axum::{Router, extract::ConnectInfo, routing::get};
use server::serve::{Limits, serve};
use std::{
    io::ErrorKind,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

const SLOW: Duration = Duration::from_millis(500);
const HEAD_LIMIT: Duration = Duration::from_secs(2);
const LIMITS: Limits = Limits {
    head: HEAD_LIMIT,
    write: Duration::from_secs(1),
};

/// More than the system holds for a connection.
const LARGE: usize = 32 * 1024 * 1024;

struct Site {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route(
                "/peer",
                get(async |peer: ConnectInfo<SocketAddr>| peer.0.to_string()),
            )
            .route("/large", get(async || "a".repeat(LARGE)))
            .route("/slow", get(async || sleep(SLOW).await))
            .route("/slower", get(async || sleep(HEAD_LIMIT + SLOW).await));
        let (stop, told) = oneshot::channel();
        let server = tokio::spawn(serve(listener, router, LIMITS, async {
            told.await.unwrap()
        }));
        Self {
            address,
            stop,
            server,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

async fn ask(connection: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: site.test\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
}

async fn answer(connection: &mut TcpStream) -> String {
    let mut buffer = [0; 1024];
    let read = timeout(10 * SLOW, connection.read(&mut buffer)).await;
    let length = read.expect("no answer").unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn requests_know_who_sent_them() {
    let site = Site::start().await;
    let mut connection = site.connect().await;
    ask(&mut connection, "/peer").await;
    let peer = connection.local_addr().unwrap().to_string();
    let answer = answer(&mut connection).await;
    assert!(answer.ends_with(&peer), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for_and_an_answer_is() {
    let site = Site::start().await;
    let mut halting = site.connect().await;
    let start = Instant::now();
    for byte in b"GET /peer HTTP/1.1\r\nhost: site.test\r\nx: " {
        if halting.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(HEAD_LIMIT / 20).await;
    }
    let mut rest = Vec::new();
    let closed = timeout(HEAD_LIMIT, halting.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "it is still open");
    assert!(start.elapsed() >= HEAD_LIMIT);
    let mut slow = site.connect().await;
    ask(&mut slow, "/slower").await;
    assert!(answer(&mut slow).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn told_to_stop_it_answers_what_is_under_way_and_waits_for_nothing_else() {
    let site = Site::start().await;
    let mut idle = site.connect().await;
    ask(&mut idle, "/peer").await;
    answer(&mut idle).await;
    let mut busy = site.connect().await;
    ask(&mut busy, "/slow").await;
    sleep(SLOW / 5).await;

    let stopped = Instant::now();
    site.stop.send(()).unwrap();
    assert_eq!(answer(&mut idle).await, "", "it is closed");
    assert!(stopped.elapsed() < SLOW / 2);
    assert!(TcpStream::connect(site.address).await.is_err());
    assert!(answer(&mut busy).await.starts_with("HTTP/1.1 200"));
    site.server.await.unwrap();
    assert!(stopped.elapsed() < 2 * SLOW);
}

/// Fails while the server still holds the connection.
async fn until_closed(connection: &mut TcpStream) {
    // What was asked for is not read. A write to a connection that has been reset fails.
    let closed = async {
        while connection.write_all(b"GET ").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(10 * LIMITS.write, closed)
        .await
        .expect("it is still open");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_let_go() {
    let site = Site::start().await;
    let mut greedy = site.connect().await;
    let start = Instant::now();
    for _ in 0..5 {
        ask(&mut greedy, "/large").await;
    }
    until_closed(&mut greedy).await;
    assert!(start.elapsed() >= LIMITS.write);
    // Nothing is left that a stop would wait for.
    site.stop.send(()).unwrap();
    timeout(LIMITS.write, site.server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_stops_reading_half_way_is_let_go() {
    let site = Site::start().await;
    let mut tired = site.connect().await;
    ask(&mut tired, "/large").await;
    let mut begun = vec![0; LARGE / 8];
    tired.read_exact(&mut begun).await.unwrap();
    sleep(4 * LIMITS.write).await;
    // With a reset: nothing is left for it, neither here nor in the system.
    let mut rest = Vec::new();
    let end = timeout(LIMITS.write, tired.read_to_end(&mut rest)).await;
    let end = end.expect("it is still open").map_err(|cause| cause.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

/// As fast as a line that would take ten times as long for what the system could hold.
#[tokio::test]
async fn a_client_that_reads_slowly_is_waited_for() {
    const PORTION: usize = 64 * 1024;
    let site = Site::start().await;
    let mut slow = site.connect().await;
    ask(&mut slow, "/large").await;
    let start = Instant::now();
    let mut buffer = vec![0; PORTION];
    while start.elapsed() < 8 * LIMITS.write {
        slow.read_exact(&mut buffer).await.expect("it is closed");
        sleep(LIMITS.write / 10).await;
    }
}
