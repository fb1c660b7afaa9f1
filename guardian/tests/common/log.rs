//! What the library has logged in a test.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};
use tracing::subscriber::DefaultGuard;

/// The log of the test that holds it: tests run on threads of their own.
pub struct Log {
    text: Text,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub fn start() -> Self {
        let text = Text::default();
        let writer = text.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(log),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }

    /// How many lines of this level say so.
    pub fn count(&self, level: &str, what: &str) -> usize {
        let says = |line: &&str| line.contains(level) && line.contains(what);
        self.text().lines().filter(says).count()
    }

    /// Asserts that no line is worth an operator's attention.
    pub fn assert_calm(&self) {
        let text = self.text();
        let is_calm = |line: &str| !line.contains(" WARN ") && !line.contains(" ERROR ");
        assert!(text.lines().all(is_calm), "{text}");
    }

    /// Asserts that a line of this level says so.
    pub fn assert_says(&self, level: &str, what: &str) {
        let text = self.text();
        let says = text
            .lines()
            .any(|line| line.contains(level) && line.contains(what));
        assert!(says, "no {level} {what:?} in:\n{text}");
    }
}
