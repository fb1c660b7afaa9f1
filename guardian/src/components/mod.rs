//! The components. Each works as plain HTML, and hydration improves it.

mod accounts;
mod avatar;
mod menu_items;
mod pending_sign_out;
mod provider;
mod relative_time;
mod require_signed_in;
mod session_list;
mod sign_out;
mod sign_out_button;
mod sign_out_form;
mod signed_in;
mod user_button;

pub use menu_items::{MenuButton, MenuLink};
pub use provider::AuthProvider;
pub use require_signed_in::RequireSignedIn;
pub use session_list::SessionList;
pub use sign_out::SignOut;
pub use sign_out_button::SignOutButton;
pub use signed_in::{SignedIn, SignedOut};
pub use user_button::UserButton;
