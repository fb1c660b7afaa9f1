//! Measures things that take turns, with criterion.

use super::{Fresh, Kind, kinds};
use criterion::Criterion;
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Criterion's minimum.
const SAMPLES: usize = 10;

/// How often a thing runs in one turn. The caches are warm, as on a busy server.
const IN_A_ROW: u32 = 20;

/// Makes the things on each kind of database, and measures them in turns.
pub fn in_turns_on_each<Thing>(
    runtime: &Runtime,
    name: &str,
    make: impl AsyncFn(&Fresh) -> Vec<Thing>,
    time: Duration,
    run: impl AsyncFn(&Thing),
) -> Vec<Turns> {
    let measure = |kind: Kind| {
        let database = runtime.block_on(kind.fresh());
        let things = runtime.block_on(make(&database));
        let name = format!("{name}, {}", kind.name());
        let turns = in_turns(runtime, &name, &things, time, async |thing| {
            let start = Instant::now();
            for _ in 0..IN_A_ROW {
                run(thing).await;
            }
            start.elapsed() / IN_A_ROW
        });
        drop(things);
        runtime.block_on(database.remove());
        turns
    };
    kinds().into_iter().map(measure).collect()
}

/// Measures things in turns, so that a machine that slows down slows all of them down. Criterion
/// decides the number of turns and prints their time. Returns the times that `run` has measured.
pub fn in_turns<Thing>(
    runtime: &Runtime,
    name: &str,
    things: &[Thing],
    time: Duration,
    run: impl AsyncFn(&Thing) -> Duration,
) -> Turns {
    // A temporary folder, so that criterion does not compare with an earlier run.
    let folder = TempDir::new().expect("a folder");
    let mut criterion = Criterion::default()
        .output_directory(folder.path())
        .without_plots()
        .sample_size(SAMPLES)
        .measurement_time(time)
        .warm_up_time(time / 10);
    let times = Mutex::new(vec![Vec::new(); things.len()]);
    criterion.bench_function(name, |bencher| {
        let (times, run) = (&times, &run);
        bencher.to_async(runtime).iter_custom(async |turns| {
            let mut total = Duration::ZERO;
            for _ in 0..turns {
                for (number, thing) in things.iter().enumerate() {
                    let time = run(thing).await;
                    times.lock().expect("the times")[number].push(time.as_secs_f64());
                    total += time;
                }
            }
            total
        });
    });
    Turns(times.into_inner().expect("the times"))
}

/// The times of each thing in each turn, in seconds.
pub struct Turns(Vec<Vec<f64>>);

impl Turns {
    /// The median time of a thing, in seconds.
    pub fn time(&self, thing: usize) -> f64 {
        median(self.0[thing].clone()).expect("a turn")
    }

    /// The median ratio of a thing's time to another's in the same turn. A machine that is slow for
    /// a while is slow for both.
    pub fn ratio(&self, thing: usize, other: usize) -> f64 {
        let pairs = self.0[thing].iter().zip(&self.0[other]);
        let ratios = pairs.map(|(time, other)| time / other);
        median(ratios.collect()).expect("a turn")
    }
}

pub fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
