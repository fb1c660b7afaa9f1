//! The assets: the built CSS, JavaScript and WebAssembly.
//!
//! A release puts a hash of the content into their names, and `hash.txt` lists the hashes. It
//! stands beside the assets after `make build`, beside the program with cargo-leptos.

use axum::{Router, response::Response};
use http::{HeaderValue, StatusCode, header};
use std::path::{Path, PathBuf};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

/// The path of the assets, and their folder in the site's folder.
pub const PKG_DIR: &str = "pkg";

/// The file of hashes. cargo-leptos uses the same name.
const HASH_FILE: &str = "hash.txt";

/// For a name with a hash: a year, which means for good.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For a name without a hash: the browser asks each time whether the file has changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The file of hashes, if the names have hashes. `hash_files` is what cargo-leptos says about that.
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

/// Serves the assets, compressed where `x.js.br` or `x.js.gz` stands beside `x.js`.
pub fn serve_assets(site_root: &str, is_hashed: bool) -> Router {
    Router::new()
        .fallback_service(
            ServeDir::new(format!("{site_root}/{PKG_DIR}"))
                .precompressed_br()
                .precompressed_gzip()
                // A folder would get a redirect that is made of the requested path.
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
