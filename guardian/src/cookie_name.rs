//! The names of this site's cookies: one rule for the server, which knows the site's URL, and for
//! the browser, which knows where its page is.

/// The name under which the site keeps a cookie. Over https `__Host-` keeps other hosts and plain
/// http from setting it
/// ([RFC 6265bis, section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
/// Browsers send cookies to all ports of a host: the port, empty when it is the scheme's own, keeps
/// two apps on one machine apart.
pub(crate) fn cookie_name(name: &str, is_secure: bool, port: &str) -> String {
    let prefix = if is_secure { "__Host-" } else { "" };
    let dash = if port.is_empty() { "" } else { "-" };
    format!("{prefix}{name}{dash}{port}")
}
