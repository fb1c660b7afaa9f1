//! What the benches share, including the starter's.
#![allow(dead_code, unused_imports, reason = "each bench uses its part")]

mod databases;
mod process;
pub mod report;
mod timing;

pub use databases::{Fresh, Kind, kinds};
pub use process::Process;
pub use report::{Aim, Row, Unit, grouped};
pub use timing::{Turns, in_turns, in_turns_on_each, median};
