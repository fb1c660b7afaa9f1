//! The server: configuration → database → guardian → serve.

#![deny(clippy::unwrap_used)]

pub mod commands;
pub mod config;
pub mod router;

/// Rendering a page makes a thousand small allocations, which are half of its work with the
/// system's allocator. Huge pages are off: they would take twice the memory for each open page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
