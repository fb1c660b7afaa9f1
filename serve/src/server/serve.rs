//! Serves connections as `axum::serve` does, but with HTTP/1.1 alone, which is what browsers and
//! proxies speak without TLS. To detect HTTP/2, a server first reads a few bytes. After that it
//! needs a read buffer of 16 KiB, twice as much, for as long as the connection lasts. Every open
//! page holds a connection.

use super::{request::FromConnection, write_timeout::WriteTimeout};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{future::Future, net::SocketAddr, pin::pin, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::ServiceExt as _;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To send the head of a request, and to begin the next request. This is longer than proxies
    /// keep an unused connection (nginx: a minute). Otherwise a proxy could send a request just
    /// when the server closes the connection.
    pub head: Duration,
    /// To read anything of what is written to it. The server notices once about 85 KB are read, a
    /// third of the send buffer. So a client needs 1.5 KB a second; nginx waits as long. The stream
    /// of an open page may be quiet for longer, because no write waits then.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(75),
            write: Duration::from_secs(60),
        }
    }
}

/// Serves until `stop` resolves. Then it accepts no more connections, and waits for the requests
/// that are under way.
///
/// It closes a connection when the next request has not begun, or its head has not ended, within
/// `limits.head`, and when the client reads nothing for `limits.write`. Otherwise one client could
/// hold all connections, by sending a byte now and then or none.
///
/// ```no_run
/// use axum::Router;
/// use leptos_guardian_serve::server::{Limits, serve, stop_signal};
/// use tokio::net::TcpListener;
///
/// # async fn run(router: Router) -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:3000").await?;
/// serve(listener, router, Limits::default(), stop_signal()).await;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    // Once, and not for each connection.
    let router = router.with_state(());
    // Each connection holds a receiver.
    let (stopping, is_stopping) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            // axum's `accept`, which waits when too many files are open.
            (stream, peer) = Listener::accept(&mut listener) => {
                let router = router.clone();
                tokio::spawn(serve_connection(stream, peer, router, limits, is_stopping.clone()));
            }
            () = &mut stop => break,
        }
    }
    drop((listener, is_stopping));
    stopping.send_replace(());
    stopping.closed().await;
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut is_stopping: watch::Receiver<()>,
) {
    let service = router.map_request(move |request: Request<_>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(FromConnection);
        request
    });
    let stream = WriteTimeout::new(stream, limits.write);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = is_stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Mostly the client is the cause: it went away, or did not speak HTTP.
    if let Err(cause) = outcome {
        tracing::debug!(?cause, "a connection failed");
    }
}
