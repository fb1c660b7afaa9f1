//! What the library logs in a test.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{Dispatch, subscriber::DefaultGuard};

/// With a single subscriber, tracing asks the thread that first logs a line whether anybody wants it. On
/// another test's thread nobody does, and then the line is off for all threads.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_writer(io::sink)
        .finish()
        .into()
});

/// The log of the current thread, on which one test runs.
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
        LazyLock::force(&SECOND);
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

    /// The number of lines of this level with this text.
    pub fn count(&self, level: &str, text: &str) -> usize {
        let is_counted = |line: &&str| line.contains(level) && line.contains(text);
        self.text().lines().filter(is_counted).count()
    }

    pub fn assert_no_warnings(&self) {
        let text = self.text();
        let is_calm = |line: &str| !line.contains(" WARN ") && !line.contains(" ERROR ");
        assert!(text.lines().all(is_calm), "{text}");
    }

    /// Asserts that a line of this level has this text.
    pub fn assert_contains(&self, level: &str, text: &str) {
        let is_there = self.count(level, text) > 0;
        assert!(is_there, "no {level} {text:?} in:\n{}", self.text());
    }
}
