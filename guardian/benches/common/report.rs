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
    /// One for each figure, or none.
    pub aims: Vec<Aim>,
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
            aims: Vec::new(),
        }
    }

    /// The same target for all figures.
    pub fn aim(self, aim: Aim) -> Self {
        let aims = vec![aim; self.figures.len()];
        self.aims(aims)
    }

    /// The target for each figure.
    pub fn aims(self, aims: Vec<Aim>) -> Self {
        Self { aims, ..self }
    }

    /// Adds the row to the table.
    pub fn report(self) {
        let cells = self.figures.iter().enumerate();
        let mut cells: Vec<String> = cells
            .map(|(index, &figure)| self.cell(figure, self.aims.get(index).copied()))
            .collect();
        cells.resize(DATABASES, "not measured".into());
        let mut aims: Vec<String> = self
            .aims
            .iter()
            .map(|aim| match *aim {
                Aim::AtMost(most) => format!("≤ {}", self.unit.show(most)),
                Aim::AtLeast(least) => format!("≥ {}", self.unit.show(least)),
            })
            .collect();
        aims.dedup();
        add(&format!(
            "| {} | {} | {} |",
            self.what,
            cells.join(" | "),
            aims.join(", ")
        ));
    }

    fn cell(&self, figure: f64, aim: Option<Aim>) -> String {
        let shown = self.unit.show(figure);
        match aim {
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
