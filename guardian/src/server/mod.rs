//! The server only: sessions in the database, the cookie, redirects, the
//! hook, the streams of open pages.

mod auth;
mod builder;
mod caching;
mod client;
mod clock;
mod connection;
mod cookie;
mod cookie_header;
mod database;
mod dispatcher;
mod event;
mod functions;
mod guardian;
mod housekeeping;
mod in_order;
mod key;
mod live;
mod migrate;
mod open_transaction;
mod planted;
mod pooler;
mod presented;
mod protect;
mod redirect;
mod referer;
mod registry;
mod request_target;
mod respond;
mod store;
mod strict_form;
mod token;
mod transaction;
mod user_agent;

pub use auth::{Auth, Identity};
pub use builder::{BuildError, Builder};
pub use connection::Connection;
pub use cookie_header::cookie_values;
pub use database::{ConnectError, Database};
pub use dispatcher::HookResult;
pub use event::{Cause, SignOutEvent};
pub(crate) use functions::{
    exact_time, initial_state, iso_time, leave_for_sign_in, list_sessions, now, refuse_call,
    refuse_sign_out, session, sessions, sign_out, switch_account,
};
pub use guardian::Guardian;
pub use housekeeping::CleanedUp;
pub use key::{KeyError, SigningKey};
pub use redirect::{RedirectPolicy, RefusedRedirect, SafeRedirect};
pub use registry::WritePermit;
pub use request_target::is_origin_form;
pub use respond::{is_form_post, see_other, with_status};
pub use strict_form::strict_form;
pub use transaction::Transaction;
