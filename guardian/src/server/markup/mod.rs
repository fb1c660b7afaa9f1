//! The HTML inside the components. Only the server knows it: it renders it with the page, and again when
//! the page's script asks.

mod accounts;
mod avatar;
mod fragment;
mod head;
mod refused_cookie;
mod relative_time;
mod session_list;
mod sign_out;
mod texts;
mod user_button;

pub(crate) use fragment::{PATH, routes};
pub use head::guardian_head;
pub(crate) use head::head;
pub(crate) use refused_cookie::{CookiePage, refused_cookie};
pub(crate) use session_list::{SessionsQuery, session_list};
pub(crate) use sign_out::sign_out_panel;
pub(crate) use user_button::user_button;
