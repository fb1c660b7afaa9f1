//! What the shared code needs from its platform, once for the server and once for the browser. Both
//! halves have the same functions.

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

#[cfg(not(feature = "ssr"))]
use browser as half;
#[cfg(feature = "ssr")]
use server as half;

pub use half::with_status;
pub(crate) use half::{
    auth_signals, filled_for, is_recent, leave_for_sign_in, page_head, provide_auth, refuse_call,
    refuse_sign_out, session_list, shell_head, show_while, shown_user_field, sign_out_panel,
    user_button,
};
