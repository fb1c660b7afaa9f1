//! The server's half: sessions in the database, cookies, redirects, the hook, and the streams of open
//! pages.
//!
//! - [`Guardian`] is configured by its [`Builder`] and protects a router.
//! - [`Auth`] belongs to one request: its user, and what they do about their sessions.
//! - [`Transaction`] is for changes of the app that must hold together with a sign-out.
//! - For an app's own server functions, to respond to plain forms as the library's do:
//!   [`strict_form`], [`is_form_post`], [`see_other`], [`with_status`], [`SafeRedirect`] from
//!   [`Guardian::redirects`], and [`Auth::after_sign_in`].
//! - For routes outside [`Guardian::protect`]: [`cookie_values`] and [`is_origin_form`].

mod administration;
mod auth;
mod backend;
mod bearer;
mod builder;
mod caching;
mod client_info;
mod clock;
mod connect;
mod connect_error;
mod connection;
mod cookie;
mod cookie_check;
mod cookie_header;
mod cookie_place;
mod cross_origin;
mod cross_site;
mod database;
mod dispatcher;
mod durable_connection;
mod event;
mod event_stream;
mod file;
mod forwarded;
mod functions;
mod guardian;
mod housekeeping;
mod kept_connection;
mod key;
mod key_check;
mod keyring;
mod lifetime;
mod live;
mod location;
pub(crate) mod markup;
mod match_database;
mod migrate;
mod open_transaction;
mod openapi;
mod planted;
mod pool_options;
#[cfg(feature = "postgres")]
mod postgres;
mod presented;
mod protect;
mod redirect;
mod referer;
mod registry;
mod request_target;
mod respond;
mod session_limit;
mod shown_user;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod strict_form;
mod time_limit;
mod token;
mod transaction;
mod unavailable;
mod user_agent;
mod visible;
mod work_queue;
mod writes;

pub use auth::{Auth, Identity, Proof};
pub use builder::{BuildError, Builder};
pub use connect_error::ConnectError;
pub use connection::Connection;
pub use cookie_header::cookie_values;
pub use cookie_place::{CookieError, SameSite};
pub use database::Database;
pub use dispatcher::HookResult;
pub use event::{Cause, SignOutEvent};
pub use forwarded::ProxyHeader;
pub use guardian::Guardian;
pub use housekeeping::CleanedUp;
pub use key::{KeyError, SigningKey};
pub use lifetime::Remember;
pub use markup::guardian_head;
pub use protect::GuardianLayer;
pub use redirect::{RedirectPolicy, RefusedRedirect, SafeRedirect};
pub use registry::WritePermit;
pub use request_target::is_origin_form;
pub use respond::{is_form_post, see_other, with_status};
pub use session_limit::Overflow;
#[cfg(feature = "sqlite")]
pub use sqlite::reopen_replaced_file;
pub use strict_form::strict_form;
pub use transaction::Transaction;
pub use visible::is_visible;

/// The version of sqlx whose types are part of this API.
pub use sqlx;
/// The version of tower-sessions whose `Session` handlers extract.
pub use tower_sessions;

pub(crate) use file::File;
pub(crate) use functions::{
    refuse_call, refuse_sign_out, session, sessions, sign_out, switch_account,
};
pub(crate) use shown_user::mark_of;
