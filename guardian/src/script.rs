//! The script of the pages, served by the library itself. Its files are packed into one module in this
//! repository, so that a browser loads one file and an app needs no build step for it.

use crate::server::File;
use axum::{Router, routing::get};
use http::HeaderMap;
use std::sync::LazyLock;

static MODULE: LazyLock<File> = LazyLock::new(|| {
    // What `scripts/pack-script` makes of script/.
    let module = include_str!("script.min.js");
    File::new("text/javascript; charset=utf-8", module.to_owned())
});

/// What TypeScript knows of the script.
static TYPES: LazyLock<File> = LazyLock::new(|| {
    let types = include_str!("script/guardian.d.ts");
    File::new("text/plain; charset=utf-8", types.to_owned())
});

/// Returns where the module is served.
pub(crate) fn path() -> String {
    MODULE.path("js")
}

/// Serves the module, also under a name that static pages can know, and its types.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            &path(),
            get(async |request: HeaderMap| MODULE.unchanging(&request)),
        )
        .route(
            "/guardian/guardian.js",
            get(async |request: HeaderMap| MODULE.revalidated(&request)),
        )
        .route(
            "/guardian/guardian.d.ts",
            get(async |request: HeaderMap| TYPES.revalidated(&request)),
        )
}
