//! What is compressed as it is sent. The built files are compressed already.

use http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::compression::{CompressionLayer, Predicate};

/// Compresses stylesheets, pictures made of text, and the pages of nobody in particular.
///
/// Not the pages of somebody: who can make a browser load one with a text of their own in it,
/// and sees how long the answer is, could guess what else is in it, letter by letter
/// ([BREACH](https://www.breachattack.com)). Nor a stream, whose events would wait for more.
pub fn compression() -> CompressionLayer<impl Predicate> {
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
