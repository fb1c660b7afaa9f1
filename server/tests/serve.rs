//! How the server treats connections: their limits, and its stop.

use axum::{Router, extract::ConnectInfo, routing::get};
use leptos_guardian_serve::server::{Limits, serve};
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

/// In bytes: more than the system buffers for a connection.
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

async fn read_response(connection: &mut TcpStream) -> String {
    let mut buffer = [0; 1024];
    let read = timeout(10 * SLOW, connection.read(&mut buffer)).await;
    let length = read.expect("no response").unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn requests_know_who_sent_them() {
    let site = Site::start().await;
    let mut connection = site.connect().await;
    ask(&mut connection, "/peer").await;
    let peer = connection.local_addr().unwrap().to_string();
    let response = read_response(&mut connection).await;
    assert!(response.ends_with(&peer), "{response}");
}

#[tokio::test]
async fn a_slow_request_is_cut_off_and_a_slow_response_is_not() {
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
    assert!(read_response(&mut slow).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stop_waits_for_requests_under_way_and_for_nothing_else() {
    let site = Site::start().await;
    let mut idle = site.connect().await;
    ask(&mut idle, "/peer").await;
    read_response(&mut idle).await;
    let mut busy = site.connect().await;
    ask(&mut busy, "/slow").await;
    sleep(SLOW / 5).await;

    let stopped = Instant::now();
    site.stop.send(()).unwrap();
    assert_eq!(read_response(&mut idle).await, "", "it is closed");
    assert!(stopped.elapsed() < SLOW / 2);
    assert!(TcpStream::connect(site.address).await.is_err());
    assert!(read_response(&mut busy).await.starts_with("HTTP/1.1 200"));
    site.server.await.unwrap();
    assert!(stopped.elapsed() < 2 * SLOW);
}

/// Fails if the server does not close the connection.
async fn until_closed(connection: &mut TcpStream) {
    // Reads nothing. A write to a connection that has been reset fails.
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
async fn a_client_that_reads_nothing_is_disconnected() {
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
async fn a_client_that_stops_reading_half_way_is_disconnected() {
    let site = Site::start().await;
    let mut tired = site.connect().await;
    ask(&mut tired, "/large").await;
    let mut begun = vec![0; LARGE / 8];
    tired.read_exact(&mut begun).await.unwrap();
    sleep(4 * LIMITS.write).await;
    // The connection is reset: neither the server nor the system keeps anything for it.
    let mut rest = Vec::new();
    let end = timeout(LIMITS.write, tired.read_to_end(&mut rest)).await;
    let end = end.expect("it is still open").map_err(|cause| cause.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

/// At this speed, what the system could buffer would last for ten times the limit.
#[tokio::test]
async fn a_client_that_reads_slowly_stays_connected() {
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
