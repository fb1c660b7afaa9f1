//! The built CSS, JavaScript and WebAssembly.
//!
//! A release's files are named after their content, and `hash.txt` tells the names: beside the
//! files where `make build` has made them, beside the program where cargo-leptos has.

use axum::{Router, response::Response};
use http::{HeaderValue, StatusCode, header};
use std::path::{Path, PathBuf};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

/// Where they are served, and their folder in the site's.
pub const PKG_DIR: &str = "pkg";

/// The file of names. cargo-leptos calls it so, too.
const HASH_FILE: &str = "hash.txt";

/// A year, which is for good.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The browser asks each time whether the file has changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The file of names, if the names are hashed. `hash_files` is what cargo-leptos says about that.
pub fn hash_file(site_root: &str, hash_files: Option<bool>) -> Option<PathBuf> {
    match hash_files {
        // Leptos looks beside the program.
        Some(true) => Some(HASH_FILE.into()),
        Some(false) => None,
        None => {
            let beside_assets = Path::new(site_root).join(PKG_DIR).join(HASH_FILE);
            std::path::absolute(beside_assets)
                .ok()
                .filter(|file| file.exists())
        }
    }
}

/// Serves them, compressed if they have been compressed: `x.js.br` and `x.js.gz` beside `x.js`.
pub fn serve_assets(site_root: &str, is_hashed: bool) -> Router {
    Router::new()
        .fallback_service(
            ServeDir::new(format!("{site_root}/{PKG_DIR}"))
                .precompressed_br()
                .precompressed_gzip()
                // Nor a redirect to a folder, which is made of the path that was asked for.
                .append_index_html_on_directories(false),
        )
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            move |response: &Response| {
                let status = response.status();
                let is_there = status.is_success() || status == StatusCode::NOT_MODIFIED;
                Some(if is_hashed && is_there {
                    IMMUTABLE
                } else {
                    REVALIDATE
                })
            },
        ))
}
