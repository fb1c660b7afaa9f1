//! Answers connections, as `axum::serve` does, but in HTTP/1.1 alone, which is what browsers and
//! proxies speak without TLS. A server that looks for HTTP/2 first reads a few bytes, and then needs
//! 16 KiB to read on, twice as much, for as long as the connection lasts; and every open page
//! holds one.

use crate::{request::FromConnection, write_timeout::WriteTimeout};
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

/// What a client may take its time for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a request's head, and for the next one to begin. Longer than proxies keep a connection
    /// that they do not use (nginx: a minute), or one would send a request just when this end hangs
    /// up.
    pub head: Duration,
    /// For reading anything of what is written to it. A slow phone has read 85 KB in a minute, or it
    /// gets less than 1.5 KB a second; nginx waits as long. An open page's stream is quiet in
    /// between, and waits for nobody.
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

/// Serves until `stop` resolves; then takes no more connections, and waits for the requests that
/// are under way. A connection is closed when its next request has not begun, or not got beyond its
/// head, within `limits.head`, and when the client reads nothing for `limits.write`: otherwise
/// anybody could hold all that there are, with a byte now and then or without.
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
            // What it does about too many open files is axum's.
            (stream, peer) = Listener::accept(&mut listener) => {
                let router = router.clone();
                tokio::spawn(answer(stream, peer, router, limits, is_stopping.clone()));
            }
            () = &mut stop => break,
        }
    }
    drop((listener, is_stopping));
    stopping.send_replace(());
    stopping.closed().await;
}

async fn answer(
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
    // Mostly the client's doing: it went away, or spoke no HTTP.
    if let Err(cause) = outcome {
        tracing::debug!(?cause, "a connection broke off");
    }
}
