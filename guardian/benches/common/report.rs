//! The table at the end of `make bench`. Each bench adds rows to the file in `BENCH_REPORT`, or
//! prints them.

use std::{env, fs::OpenOptions, io::Write as _};

/// The number of databases, which are the table's columns.
const DATABASES: usize = 2;

/// The unit of a figure, which decides its format.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    PerSecond,
    Seconds,
    Bytes,
    Ratio,
}

/// The target for a figure.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

/// One row: the same measurement on each database.
pub struct Row {
    pub what: String,
    /// One figure for each of [`kinds`](super::kinds).
    pub figures: Vec<f64>,
    pub unit: Unit,
    pub aim: Option<Aim>,
}

pub fn heading(text: &str) {
    add(&format!("| **{text}** | | | |"));
}

impl Row {
    pub fn new(what: impl Into<String>, unit: Unit, figures: Vec<f64>) -> Self {
        Self {
            what: what.into(),
            figures,
            unit,
            aim: None,
        }
    }

    /// The ratio of each figure to the other at the same index.
    pub fn ratio(what: impl Into<String>, figures: &[f64], others: &[f64]) -> Self {
        let pairs = figures.iter().zip(others);
        let ratios = pairs.map(|(figure, other)| figure / other).collect();
        Self::new(what, Unit::Ratio, ratios)
    }

    pub fn aim(self, aim: Aim) -> Self {
        Self {
            aim: Some(aim),
            ..self
        }
    }

    /// Adds the row to the table.
    pub fn report(self) {
        let mut cells: Vec<String> = self.figures.iter().map(|&it| self.cell(it)).collect();
        cells.resize(DATABASES, "not measured".into());
        let aim = self.aim.map(|aim| match aim {
            Aim::AtMost(most) => format!("≤ {}", self.unit.show(most)),
            Aim::AtLeast(least) => format!("≥ {}", self.unit.show(least)),
        });
        add(&format!(
            "| {} | {} | {} |",
            self.what,
            cells.join(" | "),
            aim.unwrap_or_default()
        ));
    }

    fn cell(&self, figure: f64) -> String {
        let shown = self.unit.show(figure);
        match self.aim {
            None => shown,
            Some(aim) if aim.is_met(figure) => format!("{shown} (met)"),
            Some(_) => format!("{shown} (**missed**)"),
        }
    }
}

impl Aim {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::PerSecond => format!("{}/s", grouped(figure.round() as usize)),
            Self::Ratio => format!("{figure:.2}"),
            Self::Seconds if figure < 0.001 => format!("{:.0} µs", figure * 1e6),
            Self::Seconds if figure < 0.01 => format!("{:.1} ms", figure * 1e3),
            Self::Seconds => format!("{:.0} ms", figure * 1e3),
            Self::Bytes if figure < 1e6 => format!("{:.1} KB", figure / 1e3),
            Self::Bytes => format!("{:.1} MB", figure / 1e6),
        }
    }
}

/// A number with commas: 1,000,000.
pub fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}

fn add(line: &str) {
    let Ok(file) = env::var("BENCH_REPORT") else {
        println!("{line}");
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(file);
    writeln!(file.expect("the report"), "{line}").expect("a line in the report");
}
