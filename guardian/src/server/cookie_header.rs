//! Reads the `Cookie` header as browsers write it.

use http::{HeaderMap, header};

/// Returns the values of a request's cookies with exactly this name, in their order. There are several
/// if other hosts or pages have set some, too. Anybody may have written them.
///
/// As in browsers, names are compared byte by byte, without spaces and tabs around them
/// ([RFC 6265bis, section 5.6](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.6)).
/// A more lenient reader would undo the `__Host-` prefix: a page on a subdomain cannot set
/// `__Host-session`, but it can set a cookie whose name begins with another kind of space.
///
/// ```
/// use axum::http::{HeaderMap, HeaderValue, header};
/// use leptos_guardian::server::cookie_values;
///
/// let mut headers = HeaderMap::new();
/// let cookies = "theme=dark; \u{2000}theme=planted; Theme=light; theme";
/// headers.insert(header::COOKIE, HeaderValue::from_str(cookies)?);
/// assert!(cookie_values(&headers, "theme").eq(["dark"]));
/// # Ok::<(), header::InvalidHeaderValue>(())
/// ```
pub fn cookie_values<'a>(
    headers: &'a HeaderMap,
    name: &'a str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    // Over HTTP/2, a browser may send each cookie in its own header.
    let headers = headers.get_all(header::COOKIE).into_iter();
    headers
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (trim(&pair[..equals]), trim(&pair[equals + 1..]));
            (key == name.as_bytes()).then_some(value)
        })
        // Another cookie of the site may hold any bytes.
        .filter_map(|value| str::from_utf8(value).ok())
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
