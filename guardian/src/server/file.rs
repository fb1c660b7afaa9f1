//! The files that the library serves. Each is compressed once, as far as possible, so that a page weighs
//! the same in every app.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use std::io::Write as _;

/// A text file.
pub(crate) struct File {
    kind: &'static str,
    text: String,
    /// With Brotli.
    compressed: Vec<u8>,
    hash: u64,
}

impl File {
    /// `kind` is the content type.
    pub(crate) fn new(kind: &'static str, text: String) -> Self {
        Self {
            kind,
            compressed: compress(&text),
            hash: fnv1a(text.as_bytes()),
            text,
        }
    }

    /// Returns the file's path, which changes with its content, so browsers may keep the file for good.
    pub(crate) fn path(&self, extension: &str) -> String {
        format!("/guardian/{:016x}.{extension}", self.hash)
    }

    /// Responds with the file under a path that changes with its content.
    pub(crate) fn unchanging(&self, request: &HeaderMap) -> Response {
        let caching = "public, max-age=31536000, immutable";
        ([(header::CACHE_CONTROL, caching)], self.content(request)).into_response()
    }

    /// Responds with the file under a path that stays, or that the browser has it already.
    pub(crate) fn revalidated(&self, request: &HeaderMap) -> Response {
        // Weak: it is the same for the compressed text.
        let tag = format!("W/\"{:016x}\"", self.hash);
        let headers = [
            (header::CACHE_CONTROL, "no-cache"),
            (header::ETAG, tag.as_str()),
        ];
        let known = request.get_all(header::IF_NONE_MATCH).iter();
        let is_known = known
            .filter_map(|tags| tags.to_str().ok())
            .any(|tags| tags.contains(&tag));
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, self.content(request)).into_response()
    }

    fn content(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::VARY, "accept-encoding"),
        ];
        if accepts_brotli(request) {
            let encoding = [(header::CONTENT_ENCODING, "br")];
            return (headers, encoding, self.compressed.clone()).into_response();
        }
        (headers, self.text.clone()).into_response()
    }
}

/// Whether a request names the encoding, and not with the quality 0
/// ([RFC 9110, section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)).
fn accepts_brotli(request: &HeaderMap) -> bool {
    let lines = request.get_all(header::ACCEPT_ENCODING).iter();
    let mut encodings = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    encodings.any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        let quality = quality.trim().trim_start_matches("q=").parse();
        name.trim().eq_ignore_ascii_case("br") && quality != Ok(0.0)
    })
}

/// The window of the compression is 2 to the power of this: 32 KB, as large as the largest file. With the default
/// of 4 MB, it would take 40 MB.
const WINDOW: u32 = 15;

fn compress(text: &str) -> Vec<u8> {
    let mut compressor = brotli::CompressorWriter::new(Vec::new(), 4096, 11, WINDOW);
    // Writing to memory does not fail.
    let _ = compressor.write_all(text.as_bytes());
    compressor.into_inner()
}

/// Hashes with [FNV-1a](https://www.rfc-editor.org/rfc/rfc9923).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn brotli_is_sent_to_those_who_accept_it() {
        for (accepted, is_sent) in [
            ("br", true),
            ("gzip, deflate, BR;q=0.5", true),
            ("gzip, deflate", false),
            ("br;q=0, gzip", false),
            ("br; q=0.0", false),
            ("", false),
        ] {
            let mut request = HeaderMap::new();
            request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(accepts_brotli(&request), is_sent, "{accepted}");
        }
    }

    #[test]
    fn the_compressed_text_is_the_text() {
        let text = "Signing out. ".repeat(1000);
        let compressed = compress(&text);
        assert!(compressed.len() < 100);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut compressed.as_slice(), &mut plain).unwrap();
        assert_eq!(plain, text.as_bytes());
    }
}
