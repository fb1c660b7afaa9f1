//! The server's half: the loop that accepts connections, and the layers around the routes.

mod assets;
mod compression;
mod headers;
mod layers;
mod not_found;
mod request;
mod serve;
mod stop;
mod write_timeout;

pub use assets::Assets;
pub use headers::{SecurityHeaders, send_page_policy};
pub use layers::{RequestLimits, with_layers};
pub use not_found::not_found;
pub use serve::{Limits, serve};
pub use stop::stop_signal;
