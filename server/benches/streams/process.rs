//! The server's process.

use crate::{Outcome, common::Process};
use std::{
    env,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
};

/// The argument that makes this program the server.
pub const SERVER: &str = "server";

pub struct Server {
    pub process: Process,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(database: &str) -> Outcome<Self> {
        let child = Command::new(env::current_exe()?)
            .arg(SERVER)
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut process = Process(child);
        let mut port = String::new();
        if let Some(output) = process.0.stdout.take() {
            BufReader::new(output).read_line(&mut port)?;
        }
        let port = port.trim().parse();
        let port: u16 = port.map_err(|_| "The server did not start.")?;
        Ok(Self {
            process,
            address: (Ipv4Addr::LOCALHOST, port).into(),
        })
    }
}
