//! The starter's server: configuration → database → guardian → serve.

#![deny(clippy::unwrap_used)]

pub mod commands;
pub mod config;
pub mod headers;
pub mod router;
pub mod serve;
