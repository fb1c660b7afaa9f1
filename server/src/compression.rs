//! What is compressed as it is sent. The built files are compressed already.

use axum::response::Response;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
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

/// Says in one line what a response varies by, where the pages and the compression have a line each:
/// of several, nginx before 1.23 reads the last one alone, and would show one visitor's page to
/// another.
pub fn join_vary(mut response: Response) -> Response {
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
