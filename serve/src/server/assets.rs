//! The assets: the built CSS, JavaScript and WebAssembly.
//!
//! A release puts a hash of the content into their names, and `hash.txt` lists the hashes. It
//! stands beside the assets or, with cargo-leptos, beside the program.

use axum::{Router, response::Response};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::LeptosOptions;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

/// The path of the assets, and their folder in the site's folder.
const PKG_DIR: &str = "pkg";

/// The file of hashes. cargo-leptos uses the same name.
const HASH_FILE: &str = "hash.txt";

/// For a name with a hash: a year, which means for good.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For a name without a hash: the browser asks each time whether the file has changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The assets of a built site, below `/pkg`.
#[derive(Clone, Debug)]
pub struct Assets {
    site_root: String,
    /// The file of hashes, if the names have hashes.
    hash_file: Option<PathBuf>,
}

impl Assets {
    /// The assets in this site's folder. `hash_files` is what cargo-leptos says in
    /// `LEPTOS_HASH_FILES`; if it says nothing, the file of hashes decides.
    pub fn find(site_root: &str, hash_files: Option<bool>) -> Self {
        let hash_file = match hash_files {
            // Leptos looks beside the program.
            Some(true) => Some(HASH_FILE.into()),
            Some(false) => None,
            None => {
                let beside_assets = Path::new(site_root).join(PKG_DIR).join(HASH_FILE);
                let file = std::path::absolute(beside_assets).ok();
                file.filter(|file| file.exists())
            }
        };
        Self {
            site_root: site_root.to_owned(),
            hash_file,
        }
    }

    /// The options with which Leptos finds the assets. `output_name` is how their names begin.
    pub fn leptos_options(&self, output_name: &str, site_addr: SocketAddr) -> LeptosOptions {
        let hash_file = self.hash_file.clone().unwrap_or_default();
        LeptosOptions::builder()
            .output_name(output_name.to_owned())
            .site_root(self.site_root.clone())
            .site_pkg_dir(PKG_DIR)
            .site_addr(site_addr)
            .hash_files(self.hash_file.is_some())
            .hash_file(hash_file.to_string_lossy().into())
            .build()
    }

    /// Adds the assets to a router, compressed where `x.js.br` or `x.js.gz` stands beside `x.js`.
    pub fn add_to(&self, router: Router) -> Router {
        let is_hashed = self.hash_file.is_some();
        let files = ServeDir::new(format!("{}/{PKG_DIR}", self.site_root))
            .precompressed_br()
            .precompressed_gzip()
            // A folder would get a redirect that is made of the requested path.
            .append_index_html_on_directories(false);
        let caching = move |response: &Response| {
            let status = response.status();
            let is_there = status.is_success() || status == StatusCode::NOT_MODIFIED;
            Some(if is_hashed && is_there {
                IMMUTABLE
            } else {
                REVALIDATE
            })
        };
        let assets =
            Router::new()
                .fallback_service(files)
                .layer(SetResponseHeaderLayer::overriding(
                    header::CACHE_CONTROL,
                    caching,
                ));
        router.nest(&format!("/{PKG_DIR}"), assets)
    }
}
