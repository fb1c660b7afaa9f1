//! [examples/existing_app.rs]: https://docs.rs/crate/leptos-guardian/latest/source/examples/existing_app.rs
//! [recipes]: crate::recipes
//! [fields]: crate::recipes#a-role-a-plan-a-tenant
//! [beside ours]: crate::moving
// Its blocks are tested as a whole app.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
//! # Modules
//!
//! - shared by server and browser: [`SignOutOptions`] and its outcome, the errors, the
//!   [`AuthState`], the server functions in [`api`], the components;
//! - [`server`]: the [`Guardian`](server::Guardian), [`Auth`](server::Auth), the tables, the
//!   cookies, redirects, the `after_sign_out` hook, the streams of open pages. Feature `ssr`;
//! - `script`: the browser's half, a script that every page loads: signing out, other tabs, the stream
//!   from the server;
//! - `client`: what an app calls in the browser, as Rust functions and signals on top of the script;
//! - `platform`: what the shared code needs from either side.
#![deny(missing_docs, missing_debug_implementations, clippy::unwrap_used)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "ssr", not(any(feature = "sqlite", feature = "postgres"))))]
compile_error!(
    "leptos-guardian's server half needs a database: enable the feature `sqlite` or `postgres`"
);

pub mod api;
mod client;
mod components;
mod error;
mod fields;
mod options;
mod platform;
mod query;
mod reason;
#[cfg(feature = "ssr")]
mod script;
#[cfg(feature = "ssr")]
pub mod server;
mod session_info;
mod state;
mod status;
#[cfg(feature = "ssr")]
mod stylesheet;
mod user;

/// The version of http whose types are part of this API.
pub use http;

pub use client::{on_signed_out, refresh, sign_out, switch_account};
pub use components::{
    AuthProvider, GuardianHead, MenuButton, MenuLink, RequireRecent, RequireSignedIn, SessionList,
    SignOut, SignOutButton, SignedIn, SignedOut, UserButton,
};
pub use error::{AuthError, CallFailure, SignOutError};
pub use fields::FieldError;
pub use options::{SessionHandle, SignOutOptions, SignOutScope, SignedOut, UnknownScope};
pub use platform::with_status;
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
#[doc = include_str!("../docs/apps.md")]
pub mod apps {}
#[cfg(doc)]
#[doc = include_str!("../docs/moving.md")]
pub mod moving {}
