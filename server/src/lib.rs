//! The server: configuration → database → guardian → serve.

#![deny(clippy::unwrap_used)]

pub mod assets;
pub mod commands;
pub mod compression;
pub mod config;
pub mod headers;
pub mod request;
pub mod router;
pub mod serve;
mod write_timeout;

/// Rendering a page makes a thousand small allocations, which are half of its work with the
/// system's allocator. Huge pages are off: they would take twice the memory for each open page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
