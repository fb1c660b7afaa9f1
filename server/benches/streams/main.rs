//! How much memory open `/guardian/events` streams take on the server, and how soon the last of
//! them is notified of a sign-out. Each measurement has its own server process. Memory is what
//! Linux counts as resident, without the kernel's sockets. The client and PostgreSQL run on the
//! same machine, and take their share of the processors.

mod client;
#[path = "../../../guardian/benches/common/mod.rs"]
mod common;
mod process;
mod site;

use client::SignOutTimes;
use common::{Aim, Kind, Row, Unit, grouped, kinds, report};
use process::{SERVER, Server};
use std::{env, error::Error, fs, process::ExitCode, time::Duration};
use tokio::time::{sleep, timeout};

/// How many streams are open at once.
const FEW: usize = 1_000;
const MANY: usize = 10_000;

/// The most that one stream may take, in bytes.
const MEMORY: f64 = 14_000.0;

/// How long after the response the last stream may be notified, in seconds: of a sign-out that concerns all
/// of them, and of one that concerns one.
const NOTIFYING_ALL: f64 = 0.2;
const NOTIFYING_ONE: f64 = 0.05;

/// How much of the rate of session checks should be left beside the streams.
const CHECKS: f64 = 0.9;

/// File descriptors beside the streams: the database, the workers, the runtime.
const SPARE_FILES: usize = 200;

/// How long the server may settle before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// How long one measurement may take in all.
const LIMIT: Duration = Duration::from_secs(120);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [server, database] if server == SERVER => site::serve(database).await,
        // The arguments that cargo passes to a bench.
        _ => measure_all().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure_all() -> Outcome<()> {
    if !cfg!(target_os = "linux") {
        return Err("This measures with /proc, which only Linux has.".into());
    }
    check_open_files()?;
    let (mut few, mut many, mut one_user) = (Vec::new(), Vec::new(), Vec::new());
    for kind in kinds() {
        few.push(measure(kind, FEW, Whose::Many).await?);
        many.push(measure(kind, MANY, Whose::Many).await?);
        one_user.push(measure(kind, MANY, Whose::OneUser).await?);
    }
    report::heading("Open pages");
    for (streams, measured) in [(FEW, &few), (MANY, &many)] {
        let what = format!("memory per page, of {} open at once", grouped(streams));
        let memory = measured.iter().map(|it| it.memory_per_stream).collect();
        Row::new(what, Unit::Bytes, memory)
            .aim(Aim::AtMost(MEMORY))
            .report();
    }
    let row = |what: String, measured: &[Measured], figure: fn(&Measured) -> f64| {
        Row::new(what, Unit::Seconds, measured.iter().map(figure).collect())
    };
    let pages = grouped(MANY);
    let one = format!("sign-out of a user with {pages} pages");
    row(format!("{one}, until the response"), &one_user, |it| {
        it.sign_out.response
    })
    .report();
    row(
        format!("{one}, from the response to the last page's notice"),
        &one_user,
        |it| it.sign_out.notice(),
    )
    .aim(Aim::AtMost(NOTIFYING_ALL))
    .report();
    let of_many = format!("beside {pages} users with a page each, sign-out of one");
    row(
        format!("{of_many}, from the response to the page's notice"),
        &many,
        |it| it.sign_out.notice(),
    )
    .aim(Aim::AtMost(NOTIFYING_ONE))
    .report();
    let checks = many.iter().map(|it| it.checks_beside / it.checks_before);
    let what = format!("session checks beside {pages} pages, to checks without");
    Row::new(what, Unit::Ratio, checks.collect())
        .aim(Aim::AtLeast(CHECKS))
        .report();
    Ok(())
}

/// Whose sessions the streams are.
#[derive(Clone, Copy, Debug)]
enum Whose {
    /// Each of another user. One of them signs out.
    Many,
    /// All of one user. A sign-out of that user ends them, in one transaction.
    OneUser,
}

struct Measured {
    memory_per_stream: f64,
    /// Session checks per second before the streams are opened, and beside them.
    checks_before: f64,
    checks_beside: f64,
    sign_out: SignOutTimes,
}

async fn measure(kind: Kind, count: usize, whose: Whose) -> Outcome<Measured> {
    eprintln!("{}: {count} streams, {whose:?}", kind.name());
    let database = kind.fresh().await;
    let server = Server::start(&database.url)?;
    let measured = timeout(LIMIT, measure_on(&server, count, whose)).await;
    drop(server);
    database.remove().await;
    measured.map_err(|_| format!("{count} streams took longer than {LIMIT:?}"))?
}

async fn measure_on(server: &Server, count: usize, whose: Whose) -> Outcome<Measured> {
    let (sign_in, sign_out): (fn(usize) -> String, _) = match whose {
        Whose::Many => (|user| format!("/sign-in/user-{user}"), "/sign-out/user-0"),
        Whose::OneUser => (|_| "/sign-in/user-0".into(), "/sign-out/user-0"),
    };
    let address = server.address;
    // The first one's browser has no page.
    let visitor = client::sign_in(address, 1, |_| "/sign-in/visitor".into()).await?;
    let visitor = visitor.concat().pop().ok_or("Nobody has signed in.")?;
    let cookies = client::sign_in(address, count, sign_in).await?;
    client::fill_caches(address).await?;
    let checks_before = client::checks_per_second(address, &visitor).await?;
    sleep(SETTLE).await;
    let before = server.process.memory();
    let streams = client::open_streams(address, cookies).await?;
    sleep(SETTLE).await;
    let memory = server.process.memory() - before;
    let checks_beside = client::checks_per_second(address, &visitor).await?;
    let concerned = match whose {
        // The first worker's first.
        Whose::Many => 1,
        Whose::OneUser => count,
    };
    Ok(Measured {
        memory_per_stream: memory / count as f64,
        checks_before,
        checks_beside,
        sign_out: client::sign_out(address, sign_out, streams, concerned).await?,
    })
}

/// Each stream is a socket on both sides. The server inherits the limit.
fn check_open_files() -> Outcome<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    let needed = MANY + SPARE_FILES;
    // "unlimited" is no number.
    match soft.and_then(|soft| soft.parse::<usize>().ok()) {
        Some(soft) if soft < needed => Err(format!(
            "Only {soft} files may be open at once, and {needed} are needed: run scripts/bench."
        )
        .into()),
        _ => Ok(()),
    }
}
