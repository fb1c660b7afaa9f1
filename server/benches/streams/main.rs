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

/// The most that one stream may take, in bytes, and the longest that notifying all of them may
/// take, in seconds.
const MEMORY: f64 = 16_000.0;
const NOTIFYING: f64 = 0.25;

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
    let times = |what: &str, measured: &[Measured], time: fn(&SignOutTimes) -> f64| {
        let times = measured.iter().map(|it| time(&it.sign_out)).collect();
        Row::new(what, Unit::Seconds, times)
    };
    let pages = grouped(MANY);
    let one = format!("one sign-out of a user with {pages} sessions, each with a page");
    times(&format!("{one}, until the response"), &one_user, |times| {
        times.response
    })
    .report();
    times(
        &format!("{one}, until the last page is notified"),
        &one_user,
        |times| times.last_stream,
    )
    .aim(Aim::AtMost(NOTIFYING))
    .report();
    let everyone =
        format!("sign-outs of {pages} users with a page each, until the last is notified");
    times(&everyone, &many, |times| times.last_stream).report();
    Ok(())
}

/// Whose sessions the streams are.
#[derive(Clone, Copy, Debug)]
enum Whose {
    /// Each of another user. A sign-out of everyone ends them, in many transactions.
    Many,
    /// All of one user. A sign-out of that user ends them, in one transaction.
    OneUser,
}

struct Measured {
    memory_per_stream: f64,
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
        Whose::Many => (|user| format!("/sign-in/user-{user}"), "/sign-out-everyone"),
        Whose::OneUser => (|_| "/sign-in/ada".into(), "/sign-out/ada"),
    };
    let cookies = client::sign_in(server.address, count, sign_in).await?;
    client::fill_caches(server.address).await?;
    sleep(SETTLE).await;
    let before = server.process.memory();
    let streams = client::open_streams(server.address, cookies).await?;
    sleep(SETTLE).await;
    let memory = server.process.memory() - before;
    Ok(Measured {
        memory_per_stream: memory / count as f64,
        sign_out: client::sign_out(server.address, sign_out, streams).await?,
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
