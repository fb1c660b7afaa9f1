//! The starter's server: configuration → database → guardian → serve.

pub mod config;
pub mod headers;
pub mod router;
