//! The server: configuration → database → guardian → serve.

#![deny(clippy::unwrap_used)]

pub mod built;
pub mod commands;
pub mod compression;
pub mod config;
pub mod headers;
pub mod router;
pub mod serve;
