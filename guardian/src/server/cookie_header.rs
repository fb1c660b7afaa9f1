//! The `Cookie` header, read as browsers write it.

use http::{HeaderMap, header};

/// The values that a request's cookies have under exactly this name, in their order: none, one, or
/// several when other hosts or pages have set some, too. Anybody may have written them.
///
/// Names are compared byte by byte and only spaces and tabs around them are no part of them, as in
/// browsers ([RFC 6265bis, section 5.6](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.6)).
/// A reader that is more lenient undoes the `__Host-` prefix: a page on a subdomain may not set
/// `__Host-session`, but it may set a cookie whose name begins with another kind of space.
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
    // Over HTTP/2 a browser may send each in a header of its own.
    let headers = headers.get_all(header::COOKIE).into_iter();
    headers
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            let (found, value) = (trim(&pair[..equals]), trim(&pair[equals + 1..]));
            (found == name.as_bytes()).then_some(value)
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
