//! Sessions and signing out for Leptos apps on Axum.
//!
//! The library starts, finds and ends sessions, and tells everyone who must know; the app
//! decides who somebody is. The house:
//!
//! - shared by server and browser: [`SignOutOptions`] and its outcome, the errors, the
//!   [`AuthState`], the server functions in [`api`], the components;
//! - [`server`]: the [`Guardian`](server::Guardian), [`Auth`](server::Auth), all SQL, the
//!   cookie, redirects, the `after_sign_out` hook. Feature `ssr`;
//! - `client`: the browser's `sign_out` and what a page does with the answer.
#![deny(missing_docs, clippy::unwrap_used)]

pub mod api;
mod client;
mod components;
mod error;
mod options;
mod query;
mod reason;
mod state;
mod status;
mod stylesheet;
mod user;

#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub use server::with_status;
#[cfg(feature = "ssr")]
use server::{initial_state, leave_for_sign_in};

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(not(feature = "ssr"))]
pub use browser::with_status;
#[cfg(not(feature = "ssr"))]
use browser::{initial_state, leave_for_sign_in};

pub use client::sign_out;
pub use components::{
    AuthProvider, RequireSignedIn, SignOut, SignOutButton, SignedIn, SignedOut, UserButton,
};
pub use error::{AuthError, CallFailure, SignOutError};
pub use options::{SessionHandle, SignOutOptions, SignOutScope, SignedOut, UnknownScope};
pub use query::use_callback_url;
pub use reason::Reason;
pub use state::{AuthState, use_auth};
pub use status::ErrorStatus;
pub use user::{Profile, User};
