//! The server only: sessions in the database, the cookie, redirects, the hook.

mod auth;
mod builder;
mod clock;
mod cookie;
mod database;
mod dispatcher;
mod event;
mod functions;
mod guardian;
mod key;
mod protect;
mod redirect;
mod registry;
mod respond;
mod store;
mod token;

pub use auth::{Auth, Identity};
pub use builder::{BuildError, Builder};
pub use database::{ConnectError, Database};
pub use dispatcher::HookResult;
pub use event::SignOutEvent;
pub(crate) use functions::{initial_state, leave_for_sign_in, session, sign_out};
pub use guardian::Guardian;
pub use key::{KeyError, SigningKey};
pub use redirect::{RedirectPolicy, RefusedRedirect, SafeRedirect};
pub use respond::{is_form_post, see_other, with_status};
