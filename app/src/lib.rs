//! The app: its pages, its server functions, its users.
//!
//! - [`App`] and [`shell`]: the routes and the document around them;
//! - `pages`: the pages;
//! - [`api`]: the server functions; [`FormError`] says what can go wrong;
//! - [`server`]: the users. Feature `ssr`.

#![deny(clippy::unwrap_used)]

pub mod api;
mod app;
mod name;
mod pages;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::FormError;
pub use app::{App, document, shell};
pub use name::{DESCRIPTION, NAME};
