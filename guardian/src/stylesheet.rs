//! The components' stylesheet. The library serves it, so that an app has nothing to set up.

use crate::server::File;
use axum::{Router, routing::get};
use http::HeaderMap;
use std::sync::LazyLock;

static STYLESHEET: LazyLock<File> = LazyLock::new(|| {
    let styles = include_str!("components/guardian.css");
    File::new("text/css; charset=utf-8", styles.to_owned())
});

/// Returns where the stylesheet is served.
pub(crate) fn path() -> String {
    STYLESHEET.path("css")
}

/// Serves the stylesheet, also under a name that static pages can know.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            &path(),
            get(async |request: HeaderMap| STYLESHEET.unchanging(&request)),
        )
        .route(
            "/guardian/guardian.css",
            get(async |request: HeaderMap| STYLESHEET.revalidated(&request)),
        )
}
