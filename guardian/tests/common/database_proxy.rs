//! A TCP proxy between a server and PostgreSQL, for tests of a faulty network.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
    time::{sleep, timeout},
};
use url::Url;

/// The delay of each packet with [`Fault::Slow`].
pub const DELAY: Duration = Duration::from_millis(20);

/// A test fails after this time, which is far longer than it takes until a fault hits.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    /// Connections break, and new ones are refused.
    Cut,
    /// Each packet is delayed.
    Slow,
    /// Packets are held up until the fault ends.
    Stalled,
    /// Existing connections lose everything from now on. New ones work.
    Silent,
}

pub struct DatabaseProxy {
    fault: watch::Sender<Fault>,
    /// Whether the current fault has refused a connection, or held up or lost a packet.
    has_hit: watch::Sender<bool>,
}

impl DatabaseProxy {
    pub fn new() -> Self {
        Self {
            fault: watch::Sender::new(Fault::None),
            has_hit: watch::Sender::new(false),
        }
    }

    pub fn set(&self, fault: Fault) {
        self.has_hit.send_replace(false);
        self.fault.send_replace(fault);
    }

    /// Waits until the fault has refused a connection, or held up or lost a packet. Returns at once
    /// on SQLite, which uses no proxy.
    pub async fn until_fault_hits(&self) {
        if self.fault.receiver_count() > 0 {
            let mut has_hit = self.has_hit.subscribe();
            let has_hit = timeout(LIMIT, has_hit.wait_for(|has_hit| *has_hit)).await;
            assert!(has_hit.is_ok(), "the fault hits nothing");
        }
    }

    /// The URL of the database through this proxy. SQLite's URL stays as it is.
    pub fn url(&self, database: String) -> String {
        let mut url = Url::parse(&database).unwrap();
        if url.scheme() == "sqlite" {
            return database;
        }
        let target = url.socket_addrs(|| Some(5432)).unwrap()[0];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(serve(
            listener,
            target,
            self.fault.subscribe(),
            self.has_hit.clone(),
        ));
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        url.into()
    }
}

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    fault: watch::Receiver<Fault>,
    has_hit: watch::Sender<bool>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let current = *fault.borrow();
        let fault_of_connection = match current {
            Fault::Cut => {
                has_hit.send_replace(true);
                continue;
            }
            Fault::Silent => watch::Sender::new(Fault::None).subscribe(),
            Fault::None | Fault::Slow | Fault::Stalled => fault.clone(),
        };
        tokio::spawn(forward(
            client,
            target,
            fault_of_connection,
            has_hit.clone(),
        ));
    }
}

async fn forward(
    client: TcpStream,
    target: SocketAddr,
    mut fault: watch::Receiver<Fault>,
    has_hit: watch::Sender<bool>,
) {
    let server = TcpStream::connect(target).await.unwrap();
    let (client, server) = (client.into_split(), server.into_split());
    tokio::select! {
        () = copy(client.0, server.1, fault.clone(), &has_hit) => {}
        () = copy(server.0, client.1, fault.clone(), &has_hit) => {}
        () = until(&mut fault, |fault| fault == Fault::Cut) => {}
    }
}

async fn copy(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    mut fault: watch::Receiver<Fault>,
    has_hit: &watch::Sender<bool>,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if matches!(*fault.borrow(), Fault::Stalled | Fault::Silent) {
            has_hit.send_replace(true);
        }
        if *fault.borrow() == Fault::Silent {
            std::future::pending::<()>().await;
        }
        until(&mut fault, |fault| {
            matches!(fault, Fault::None | Fault::Slow)
        })
        .await;
        if *fault.borrow() == Fault::Slow {
            sleep(DELAY).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn until(fault: &mut watch::Receiver<Fault>, is_wanted: fn(Fault) -> bool) {
    if fault.wait_for(|fault| is_wanted(*fault)).await.is_err() {
        // The proxy is dropped, so the fault never changes again.
        std::future::pending::<()>().await;
    }
}
