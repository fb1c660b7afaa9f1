//! The network between a server and PostgreSQL, which a test can cut or hold up.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
    time::{sleep, timeout},
};
use url::Url;

/// How long a packet takes in slow weather.
pub const DELAY: Duration = Duration::from_millis(20);

/// Far longer than it takes until somebody feels the weather: then the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// What the network does.
#[derive(Clone, Copy, PartialEq)]
pub enum Weather {
    Fine,
    /// Connections break, and new ones are refused.
    Cut,
    /// Packets take their time.
    Slow,
    /// Packets are held up, and arrive later.
    Stalled,
    /// The connections that there are go silent for good; new ones work.
    Silent,
}

/// A link that everything sent to the database passes through.
pub struct Link {
    weather: watch::Sender<Weather>,
    /// Whether the weather of now has refused a connection, or held up or lost a packet.
    is_felt: watch::Sender<bool>,
}

impl Link {
    pub fn new() -> Self {
        Self {
            weather: watch::Sender::new(Weather::Fine),
            is_felt: watch::Sender::new(false),
        }
    }

    pub fn set(&self, weather: Weather) {
        self.is_felt.send_replace(false);
        self.weather.send_replace(weather);
    }

    /// Waits until the weather has refused a connection, or held up or lost a packet. Nothing of
    /// SQLite's passes through here.
    pub async fn until_felt(&self) {
        if self.weather.receiver_count() > 0 {
            let mut is_felt = self.is_felt.subscribe();
            let is_felt = timeout(LIMIT, is_felt.wait_for(|is_felt| *is_felt)).await;
            assert!(is_felt.is_ok(), "nobody feels the weather");
        }
    }

    /// The address of the database through this link. SQLite needs no network: it stays.
    pub fn address(&self, database: String) -> String {
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
            self.weather.subscribe(),
            self.is_felt.clone(),
        ));
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        url.into()
    }
}

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    weather: watch::Receiver<Weather>,
    is_felt: watch::Sender<bool>,
) {
    while let Ok((near, _)) = listener.accept().await {
        let now = *weather.borrow();
        let ahead = match now {
            Weather::Cut => {
                is_felt.send_replace(true);
                continue;
            }
            Weather::Silent => watch::Sender::new(Weather::Fine).subscribe(),
            Weather::Fine | Weather::Slow | Weather::Stalled => weather.clone(),
        };
        tokio::spawn(pass(near, target, ahead, is_felt.clone()));
    }
}

async fn pass(
    near: TcpStream,
    target: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    is_felt: watch::Sender<bool>,
) {
    let far = TcpStream::connect(target).await.unwrap();
    let (near, far) = (near.into_split(), far.into_split());
    tokio::select! {
        () = copy(near.0, far.1, weather.clone(), &is_felt) => {}
        () = copy(far.0, near.1, weather.clone(), &is_felt) => {}
        () = until(&mut weather, |now| now == Weather::Cut) => {}
    }
}

async fn copy(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    is_felt: &watch::Sender<bool>,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if matches!(*weather.borrow(), Weather::Stalled | Weather::Silent) {
            is_felt.send_replace(true);
        }
        if *weather.borrow() == Weather::Silent {
            std::future::pending::<()>().await;
        }
        until(&mut weather, |now| {
            matches!(now, Weather::Fine | Weather::Slow)
        })
        .await;
        if *weather.borrow() == Weather::Slow {
            sleep(DELAY).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn until(weather: &mut watch::Receiver<Weather>, is_wanted: fn(Weather) -> bool) {
    if weather.wait_for(|now| is_wanted(*now)).await.is_err() {
        // Nobody changes it any more.
        std::future::pending::<()>().await;
    }
}
