//! The components. Each works as plain HTML, and the page's script makes it live. Most of their HTML is
//! the server's: see `server/markup`.

mod menu_items;
mod provider;
mod require_recent;
mod require_signed_in;
mod session_list;
mod sign_out;
mod sign_out_button;
mod sign_out_form;
mod signed_in;
mod slot;
mod user_button;

pub use menu_items::{MenuButton, MenuLink};
pub use provider::{AuthProvider, GuardianHead};
pub use require_recent::RequireRecent;
pub use require_signed_in::RequireSignedIn;
pub use session_list::SessionList;
pub use sign_out::SignOut;
pub use sign_out_button::SignOutButton;
pub use signed_in::{SignedIn, SignedOut};
pub use user_button::UserButton;

#[cfg(feature = "ssr")]
pub(crate) use sign_out_form::{hidden_field, sign_out_form};
pub(crate) use slot::slot;
pub(crate) use user_button::{UserButtonOptions, UserButtonParts};
