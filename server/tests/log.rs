//! The log has colours in a terminal, and none in a file.

mod common;

use common::database;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// The beginning of a colour's code.
const ESCAPE: char = '\u{1b}';

/// A server whose output the test reads, through a terminal if the test wants one.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not a kill, after which `script` leaves its program running.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(folder: &TempDir, settings: &[(&str, &str)], in_terminal: bool) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let program = env!("CARGO_BIN_EXE_server");
        let mut command = Command::new(if in_terminal { "script" } else { program });
        if in_terminal {
            // util-linux: runs a program in its own terminal.
            command.args(["--quiet", "--flush", "--return", "--command"]);
            command.args([&format!("exec '{program}'"), "/dev/null"]);
        }
        let child = command
            .current_dir(folder)
            .env_remove("NO_COLOR")
            .env("DATABASE_URL", database::on_sqlite(folder))
            .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
            .env("SITE_URL", format!("http://127.0.0.1:{port}"))
            .env("RUST_LOG", "info")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// The log of one request.
    fn log(&mut self) -> String {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let mut log = String::new();
        let mut until = |text: &str| {
            while !log.contains(text) {
                log += &lines.next().expect("the log ends").unwrap();
            }
        };
        until("Serving");
        let request = b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n";
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        connection.write_all(request).unwrap();
        until("finished processing request");
        log
    }
}

#[tokio::test]
async fn a_log_in_a_file_has_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    for setting in [("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")] {
        let log = Server::start(&folder, &[setting], false).await.log();
        assert!(log.contains("INFO"), "{log}");
        assert!(!log.contains(ESCAPE), "{log:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_log_in_a_terminal_has_colours_unless_they_are_unwanted() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, is_coloured) in [("", true), ("1", false)] {
        let log = Server::start(&folder, &[("NO_COLOR", setting)], true)
            .await
            .log();
        assert_eq!(log.contains(ESCAPE), is_coloured, "{log:?}");
    }
}
