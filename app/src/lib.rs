//! The app: its pages, its server functions, its users.
//!
//! - [`App`] and [`shell`]: the routes and the document around them;
//! - `pages`: one file per page; `components`: what they share;
//! - [`api`]: the server functions; [`FormError`] says what can go wrong;
//! - [`server`]: users, passwords, limits. Feature `ssr`.

#![deny(clippy::unwrap_used)]

pub mod api;
mod components;
mod error;
mod flash;
mod hydration;
mod name;
mod pages;
mod shell;

#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
use server::{not_found, reject_unreadable, take_flash};

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(not(feature = "ssr"))]
use browser::{not_found, reject_unreadable, take_flash};

pub use error::FormError;
pub use name::{DESCRIPTION, NAME};
pub use shell::{App, document, shell};
