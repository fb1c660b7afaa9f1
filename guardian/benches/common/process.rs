//! A server in its own process.

use std::{fs, process::Child};

const BYTES_PER_KIB: f64 = 1024.0;

/// Stops the server when it is dropped.
pub struct Process(pub Child);

impl Process {
    /// The process's resident memory, in bytes.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that it has had.
    pub fn most_memory(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let status = status.expect("/proc, which only Linux has");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let kib: f64 = kib.expect(name);
        kib * BYTES_PER_KIB
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
