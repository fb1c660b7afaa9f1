//! [examples/existing_app.rs]: https://docs.rs/crate/leptos-guardian/latest/source/examples/existing_app.rs
//! [recipes]: crate::recipes
//! [beside ours]: crate::moving
#![doc = include_str!("../README.md")]
//! # The house
//!
//! - shared by server and browser: [`SignOutOptions`] and its outcome, the errors, the
//!   [`AuthState`], the server functions in [`api`], the components;
//! - [`server`]: the [`Guardian`](server::Guardian), [`Auth`](server::Auth), the tables, the
//!   cookie, redirects, the `after_sign_out` hook, the streams of open pages. Feature `ssr`;
//! - `client`: the browser's `sign_out`, its other tabs, the stream from the server.
#![deny(missing_docs, clippy::unwrap_used)]

pub mod api;
mod client;
mod components;
mod cookie_name;
mod error;
mod live_path;
mod options;
mod query;
mod reason;
mod session_info;
mod state;
mod status;
mod stylesheet;
mod user;

#[cfg(feature = "ssr")]
mod letters;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
use letters::initial;
#[cfg(feature = "ssr")]
pub use server::with_status;
#[cfg(feature = "ssr")]
use server::{
    exact_time, initial_state, iso_time, leave_for_sign_in, list_sessions, now, refuse_call,
    refuse_sign_out,
};

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(not(feature = "ssr"))]
pub use browser::with_status;
#[cfg(not(feature = "ssr"))]
use browser::{
    exact_time, initial, initial_state, iso_time, leave_for_sign_in, list_sessions, now,
    refuse_call, refuse_sign_out,
};

pub use client::{on_signed_out, sign_out, switch_account};
pub use components::{
    AuthProvider, MenuButton, MenuLink, RequireSignedIn, SessionList, SignOut, SignOutButton,
    SignedIn, SignedOut, UserButton,
};
pub use error::{AuthError, CallFailure, SignOutError};
pub use options::{SessionHandle, SignOutOptions, SignOutScope, SignedOut, UnknownScope};
pub use query::{use_callback_url, use_sign_out_reason};
pub use reason::{Reason, SignOutNotice, UnknownReason};
pub use session_info::{SessionCursor, SessionInfo, SessionPage, UnknownCursor};
pub use state::{AuthState, use_auth, use_other_accounts};
pub use status::ErrorStatus;
pub use user::{Accounts, Profile, User};

#[cfg(doc)]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}
#[cfg(doc)]
#[doc = include_str!("../docs/moving.md")]
pub mod moving {}
