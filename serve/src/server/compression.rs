//! Compresses responses. The assets are compressed by the build.

use axum::response::Response;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use tower_http::compression::{CompressionLayer, Predicate};

/// Compresses stylesheets, SVG pictures, and pages that are not private.
///
/// Private pages stay uncompressed. An attacker may make a browser load one with some text of their
/// own in it, and see the length of the response. Then they could guess the rest of the page,
/// letter by letter ([BREACH](https://www.breachattack.com)). Streams stay uncompressed, because
/// their events would wait for more.
pub(crate) fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(
        |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
            let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
            let kind = text(header::CONTENT_TYPE).unwrap_or_default();
            let caching = text(header::CACHE_CONTROL).unwrap_or_default();
            let is_private = caching.contains("no-store") || caching.contains("private");
            !is_private
                && ["text/css", "text/html", "image/svg+xml"]
                    .iter()
                    .any(|one| kind.starts_with(one))
        },
    )
}

/// Joins the `Vary` headers of a response: the pages and the compression add one each. Of several,
/// nginx before 1.23 reads the last one alone, and would show one visitor's page to another.
pub(crate) fn join_vary(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let lines = headers.get_all(header::VARY).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    if lines.len() > 1
        && let Ok(line) = HeaderValue::try_from(lines.join(", "))
    {
        headers.insert(header::VARY, line);
    }
    response
}
