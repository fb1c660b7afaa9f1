//! Criterion, with less patience than it has by itself, and what it has found out.

use criterion::{Bencher, Criterion, SamplingMode};
use serde_json::Value;
use std::{fs, time::Duration};
use tempfile::TempDir;

/// How often everything takes its turn. The median counts.
const ROUNDS: usize = 5;

/// Of one round. Criterion takes ten samples at least.
const SAMPLES: usize = 10;
const WARM_UP: Duration = Duration::from_millis(100);

/// Resamplings for criterion's estimate of its own error.
const RESAMPLES: usize = 2000;

/// Measures several things in turns, so that a machine that slows down slows all of them down.
pub struct Timing {
    pub criterion: Criterion,
    /// Where criterion writes what it has found out.
    folder: TempDir,
}

impl Timing {
    /// `time` is what one thing gets in one round, of the time that counts.
    pub fn new(time: Duration) -> Self {
        let folder = TempDir::new().expect("a folder");
        let criterion = Criterion::default()
            .output_directory(folder.path())
            .without_plots()
            .sample_size(SAMPLES)
            .warm_up_time(WARM_UP)
            .measurement_time(time)
            .nresamples(RESAMPLES);
        Self { criterion, folder }
    }

    /// Answers how many seconds each thing takes.
    pub fn measure<Thing>(
        &mut self,
        name: &str,
        things: &mut [Thing],
        run: impl Fn(&mut Thing, &mut Bencher<'_>),
    ) -> Vec<f64> {
        let mut times = vec![Vec::new(); things.len()];
        for round in 0..ROUNDS {
            // A group of its own: criterion compares with an earlier run of the same name.
            let id = format!("{name}, round {round}");
            let mut group = self.criterion.benchmark_group(&id);
            group.sampling_mode(SamplingMode::Flat);
            for (number, thing) in things.iter_mut().enumerate() {
                group.bench_function(number.to_string(), |bencher| run(thing, bencher));
            }
            group.finish();
            for (number, times) in times.iter_mut().enumerate() {
                times.push(self.found(&id, number));
            }
        }
        let medians = times.into_iter().map(median);
        medians.map(|time| time.expect("a round")).collect()
    }

    /// The mean, in seconds: what happens now and then, such as a checkpoint, is a part of it.
    fn found(&self, group: &str, number: usize) -> f64 {
        let file = format!("{group}/{number}/new/estimates.json");
        let text = fs::read(self.folder.path().join(file)).expect("criterion's estimates");
        let estimates: Value = serde_json::from_slice(&text).expect("JSON");
        let nanoseconds = estimates["mean"]["point_estimate"].as_f64();
        nanoseconds.expect("a mean") / 1e9
    }
}

/// The one in the middle.
pub fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
