#![doc = include_str!("../README.md")]
//! # Modules
//!
//! - shared by server and browser: [`Hydration`] loads the WebAssembly, [`not_found`] sets the
//!   page's status;
//! - [`server`]: accepts connections, and what goes around the routes. Feature `ssr`.
#![deny(missing_docs, missing_debug_implementations, clippy::unwrap_used)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod hydration;

#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub use server::not_found;

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(not(feature = "ssr"))]
pub use browser::not_found;

pub use hydration::Hydration;
