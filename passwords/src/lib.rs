#![doc = include_str!("../README.md")]
//! # Modules
//!
//! - shared by server and browser: the parts of a form ([`Field`], [`FormAlert`], [`PlainForm`],
//!   [`StaySignedIn`], [`CallbackUrl`]), the [`Flash`] message that fills them again, and the errors, which
//!   a server function sends as [`ErrorJson`];
//! - [`server`]: [`Passwords`](server::Passwords), [`Email`](server::Email) and
//!   [`FormResponse`](server::FormResponse). Feature `ssr`.
#![deny(missing_docs, missing_debug_implementations, clippy::unwrap_used)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod components;
mod error;
mod error_json;
mod flash;
mod sign_in_response;
mod stay_signed_in;

#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub use server::forms::reject_unreadable;
#[cfg(feature = "ssr")]
use server::forms::{check_field, take_flash};

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(not(feature = "ssr"))]
pub use browser::reject_unreadable;
#[cfg(not(feature = "ssr"))]
use browser::{check_field, take_flash};

pub use components::{CallbackUrl, Field, FormAlert, PlainForm, UsernameHint, with_callback_url};
pub use error::{FormFailure, PasswordError};
pub use error_json::ErrorJson;
pub use flash::{Flash, use_flash};
pub use sign_in_response::SignInResponse;
pub use stay_signed_in::{StaySignedIn, is_remembered};
