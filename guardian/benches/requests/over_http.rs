//! Requests per second over HTTP. The client is on the same machine, so only the comparison of
//! sites within one run counts.

use crate::{
    common::{Aim, Fresh, Kind, Row, Unit, kinds, median, report},
    sites::{self, AXUM_LOGIN, AXUM_LOGIN_SYNCED, BARE_READ, BETTER_AUTH, OURS, Site, USERS},
};
use axum::body::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    future::Future,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, task::JoinSet};

/// The sites take turns, so that a machine that slows down slows all of them down. The median of
/// the rounds counts.
const ROUNDS: usize = 5;

/// How long sessions are checked in a round.
const CHECKS: Duration = Duration::from_secs(1);

/// How many connections there are at once, each with one request at a time, and what to aim at.
const LOADS: [Load; 2] = [
    Load {
        connections: 1,
        sign_ins: 200,
        checks_to_bare: 1.0,
        writes_to_peer: 0.6,
    },
    Load {
        connections: 16,
        sign_ins: 100,
        checks_to_bare: 1.5,
        writes_to_peer: 1.0,
    },
];

#[derive(Clone, Copy)]
struct Load {
    connections: usize,
    /// Per round and connection. As many sign-outs follow.
    sign_ins: usize,
    /// Checks, relative to a bare read.
    checks_to_bare: f64,
    /// Sign-ins and sign-outs, relative to axum-login's.
    writes_to_peer: f64,
}

/// Checks, relative to axum-login's.
fn checks_to_peer(kind: Kind) -> f64 {
    match kind {
        Kind::Sqlite => 2.0,
        Kind::Postgres => 1.5,
    }
}

pub fn measure(runtime: &Runtime) {
    for load in LOADS {
        let measured = runtime.block_on(measure_on_each(load));
        let connections = match load.connections {
            1 => "one connection".into(),
            many => format!("{many} connections"),
        };
        report::heading(&format!("Over HTTP, {connections}"));
        report_all(&measured, load);
    }
}

/// What the sites did per second, on each kind of database.
type Measured = Vec<(Kind, Vec<Runner>)>;

async fn measure_on_each(load: Load) -> Measured {
    let mut measured = Vec::new();
    for kind in kinds() {
        let database = kind.fresh().await;
        measured.push((kind, measure_on(&database, load).await));
        database.remove().await;
    }
    measured
}

fn report_all(measured: &Measured, load: Load) {
    let of_kind = |aim: fn(Kind) -> f64| {
        let aims = measured.iter().map(|(kind, _)| Aim::AtLeast(aim(*kind)));
        aims.collect::<Vec<_>>()
    };
    let both = |aim: f64| vec![Aim::AtLeast(aim); measured.len()];
    report_rates("session checks", measured, |it| &it.checks);
    let peer = of_kind(checks_to_peer);
    compare("session checks", measured, AXUM_LOGIN, peer, |it| {
        &it.checks
    });
    let bare = both(load.checks_to_bare);
    compare("session checks", measured, BARE_READ, bare, |it| &it.checks);
    compare("session checks", measured, BETTER_AUTH, Vec::new(), |it| {
        &it.checks
    });
    for (what, rates) in [
        ("sign-ins", (|it| &it.sign_ins) as Rates),
        ("sign-outs", |it| &it.sign_outs),
    ] {
        report_rates(what, measured, rates);
        let aim = both(load.writes_to_peer);
        compare(what, measured, AXUM_LOGIN, aim, rates);
        for other in [AXUM_LOGIN_SYNCED, BETTER_AUTH] {
            compare(what, measured, other, Vec::new(), rates);
        }
    }
}

/// The rates of one kind of request, in each round.
type Rates = fn(&Runner) -> &Vec<f64>;

/// Returns the median rate of a site on each database.
fn rates_of(site: &str, measured: &Measured, rates: Rates) -> Vec<f64> {
    let runners = measured.iter().flat_map(|(_, runners)| runners);
    let of_site = runners.filter(|runner| runner.site.name == site);
    of_site
        .filter_map(|runner| median(rates(runner).clone()))
        .collect()
}

/// Reports a rate of each site that has it, on each database.
fn report_rates(what: &str, measured: &Measured, rates: Rates) {
    for name in sites::NAMES {
        let of_site = rates_of(name, measured, rates);
        if !of_site.is_empty() {
            Row::new(format!("{what}, {name}"), Unit::PerSecond, of_site).report();
        }
    }
}

/// Reports our rate relative to another site's: the median of the rounds' ratios.
fn compare(what: &str, measured: &Measured, other: &str, aims: Vec<Aim>, rates: Rates) {
    let mut ratios = Vec::new();
    for (_, runners) in measured {
        let of_site = |name: &str| runners.iter().find(|runner| runner.site.name == name);
        if let (Some(ours), Some(other)) = (of_site(OURS), of_site(other)) {
            let pairs = rates(ours).iter().zip(rates(other));
            ratios.extend(median(pairs.map(|(ours, other)| ours / other).collect()));
        }
    }
    if !ratios.is_empty() {
        let what = format!("{what}, {OURS} to {other}");
        Row::new(what, Unit::Ratio, ratios).aims(aims).report();
    }
}

struct Runner {
    site: Site,
    checks: Vec<f64>,
    sign_ins: Vec<f64>,
    sign_outs: Vec<f64>,
}

async fn measure_on(database: &Fresh, load: Load) -> Vec<Runner> {
    let mut runners = Vec::new();
    for site in sites::start(database).await {
        runners.push(Runner {
            site,
            checks: Vec::new(),
            sign_ins: Vec::new(),
            sign_outs: Vec::new(),
        });
    }
    for _ in 0..ROUNDS {
        for runner in &mut runners {
            runner.run(load).await;
        }
    }
    runners
}

impl Runner {
    async fn run(&mut self, load: Load) {
        let connections = (0..load.connections)
            .map(|_| Connection::new(&self.site.origin))
            .collect();
        if !self.site.has_sessions {
            let (rate, _) = in_parallel(connections, Connection::check).await;
            self.checks.push(rate);
            return;
        }
        let sign_in = |connection: Connection| connection.sign_in(load.sign_ins);
        let (rate, connections) = in_parallel(connections, sign_in).await;
        self.sign_ins.push(rate);
        let (rate, connections) = in_parallel(connections, Connection::check).await;
        self.checks.push(rate);
        let (rate, _) = in_parallel(connections, Connection::sign_out).await;
        self.sign_outs.push(rate);
    }
}

/// Does the work on all connections in parallel. Returns how much was done per second.
async fn in_parallel<Work>(
    connections: Vec<Connection>,
    work: impl Fn(Connection) -> Work,
) -> (f64, Vec<Connection>)
where
    Work: Future<Output = (Connection, usize)> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(work(connection));
    }
    let done = tasks.join_all().await;
    let seconds = start.elapsed().as_secs_f64();
    let count: usize = done.iter().map(|(_, count)| count).sum();
    let connections = done.into_iter().map(|(connection, _)| connection);
    (count as f64 / seconds, connections.collect())
}

/// One connection, and the browsers that use it.
struct Connection {
    client: Client<HttpConnector, Empty<Bytes>>,
    origin: String,
    /// The cookies of each browser, as it sends them.
    browsers: Vec<String>,
}

impl Connection {
    fn new(origin: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            origin: origin.to_owned(),
            browsers: Vec::new(),
        }
    }

    /// Sends a request. Returns the cookies that the response sets, and the body.
    async fn send(&self, method: Method, path: &str, cookies: &str) -> (String, Bytes) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header(header::COOKIE, cookies)
            .body(Empty::new())
            .expect("a request");
        let response = self.client.request(request).await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let body = response.into_body().collect().await.expect("a body");
        (cookies, body.to_bytes())
    }

    async fn sign_in(mut self, count: usize) -> (Self, usize) {
        for _ in 0..count {
            let path = format!("/sign-in/user-{}", rand::random_range(0..USERS));
            let (cookies, _) = self.send(Method::POST, &path, "").await;
            assert_ne!(cookies, "");
            self.browsers.push(cookies);
        }
        (self, count)
    }

    async fn check(self) -> (Self, usize) {
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < CHECKS {
            let cookies = self.browsers.last().map_or("", String::as_str);
            let (_, body) = self.send(Method::GET, "/whoami", cookies).await;
            assert_ne!(body, "nobody");
            count += 1;
        }
        (self, count)
    }

    async fn sign_out(mut self) -> (Self, usize) {
        let browsers = std::mem::take(&mut self.browsers);
        for cookies in &browsers {
            self.send(Method::POST, "/sign-out", cookies).await;
        }
        (self, browsers.len())
    }
}
