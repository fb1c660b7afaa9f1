//! Requests per second over HTTP. The client is on the same machine, so only the comparison of
//! sites within one run counts.

use crate::{
    common::{Fresh, Row, Unit, kinds, median, report},
    sites::{self, AXUM_LOGIN, OURS, Site, USERS},
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
use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};

/// Connections, each with one request at a time.
const CONNECTIONS: usize = 16;

/// The sites take turns, so that a machine that slows down slows all of them down. The median of
/// the rounds counts.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

/// Sign-ins per round and connection. The sign-outs that follow are measured separately.
const SIGN_INS: usize = 25;

pub fn measure(runtime: &Runtime) {
    let measured = runtime.block_on(measure_on_each());
    report::heading(&format!("Over HTTP, {CONNECTIONS} connections"));
    report_rates("session checks", &measured, |runner| &runner.checks);
    report_rates("sign-ins", &measured, |runner| &runner.sign_ins);
    report_rates("sign-outs", &measured, |runner| &runner.sign_outs);
}

async fn measure_on_each() -> Vec<Vec<Runner>> {
    let mut measured = Vec::new();
    for kind in kinds() {
        let database = kind.fresh().await;
        measured.push(measure_on(&database).await);
        database.remove().await;
    }
    measured
}

/// Reports a rate of each site that has it, on each database, and the ratio to axum-login.
fn report_rates(what: &str, measured: &[Vec<Runner>], rates: impl Fn(&Runner) -> &Vec<f64>) {
    let of_site = |site: usize| -> Vec<f64> {
        let runners = measured.iter().map(|runners| &runners[site]);
        runners
            .filter_map(|runner| median(rates(runner).clone()))
            .collect()
    };
    for (site, name) in sites::NAMES.iter().enumerate() {
        let rates = of_site(site);
        if !rates.is_empty() {
            Row::new(format!("{what}, {name}"), Unit::PerSecond, rates).report();
        }
    }
    let compared = format!("{what}, leptos-guardian to axum-login");
    Row::ratio(compared, &of_site(OURS), &of_site(AXUM_LOGIN)).report();
}

struct Runner {
    has_sessions: bool,
    origin: String,
    checks: Vec<f64>,
    sign_ins: Vec<f64>,
    sign_outs: Vec<f64>,
}

async fn measure_on(database: &Fresh) -> Vec<Runner> {
    let mut runners = Vec::new();
    for site in sites::all(database).await {
        runners.push(Runner::start(site).await);
    }
    for _ in 0..ROUNDS {
        for runner in &mut runners {
            runner.run().await;
        }
    }
    runners
}

impl Runner {
    async fn start(site: Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        tokio::spawn(async move { axum::serve(listener, site.router).await });
        Self {
            has_sessions: site.has_sessions,
            origin,
            checks: Vec::new(),
            sign_ins: Vec::new(),
            sign_outs: Vec::new(),
        }
    }

    async fn run(&mut self) {
        let connections = (0..CONNECTIONS)
            .map(|_| Connection::new(&self.origin))
            .collect();
        if !self.has_sessions {
            let (rate, _) = in_parallel(connections, Connection::check).await;
            self.checks.push(rate);
            return;
        }
        let (rate, connections) = in_parallel(connections, Connection::sign_in).await;
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

/// One connection, and the session cookies of its browsers.
struct Connection {
    client: Client<HttpConnector, Empty<Bytes>>,
    origin: String,
    cookies: Vec<String>,
}

impl Connection {
    fn new(origin: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            origin: origin.to_owned(),
            cookies: Vec::new(),
        }
    }

    /// Sends a request. Returns the cookie that the response sets, if any, and the body.
    async fn send(&self, method: Method, path: &str, cookie: &str) -> (Option<String>, Bytes) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header(header::COOKIE, cookie)
            .body(Empty::new())
            .expect("a request");
        let response = self.client.request(request).await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let cookie = response.headers().get(header::SET_COOKIE).map(|cookie| {
            let cookie = cookie.to_str().expect("a cookie");
            cookie.split(';').next().unwrap_or_default().to_owned()
        });
        let body = response.into_body().collect().await.expect("a body");
        (cookie, body.to_bytes())
    }

    async fn sign_in(mut self) -> (Self, usize) {
        for _ in 0..SIGN_INS {
            let path = format!("/sign-in/user-{}", rand::random_range(0..USERS));
            let (cookie, _) = self.send(Method::POST, &path, "").await;
            self.cookies.push(cookie.expect("a cookie"));
        }
        (self, SIGN_INS)
    }

    async fn check(self) -> (Self, usize) {
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < ROUND {
            let cookie = self.cookies.last().map_or("", String::as_str);
            let (_, body) = self.send(Method::GET, "/whoami", cookie).await;
            assert_ne!(body, "nobody");
            count += 1;
        }
        (self, count)
    }

    async fn sign_out(mut self) -> (Self, usize) {
        let cookies = std::mem::take(&mut self.cookies);
        for cookie in &cookies {
            self.send(Method::POST, "/sign-out", cookie).await;
        }
        (self, cookies.len())
    }
}
