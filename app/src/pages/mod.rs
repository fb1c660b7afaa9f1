//! The pages, one file each.

mod account;
mod home;
mod not_found;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;

pub(crate) use account::Account;
pub(crate) use home::Home;
pub(crate) use not_found::NotFound;
pub(crate) use sessions::Sessions;
pub(crate) use sign_in::SignIn;
pub(crate) use sign_out::SignOut;
pub(crate) use sign_up::SignUp;
