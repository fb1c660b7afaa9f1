//! The names of this site's cookies: one rule for the server, which knows the site's URL, and for the
//! browser, which knows the page's.

/// Marks a pending sign-out: one that the page could not send to the server. While the cookie is set,
/// nobody counts as signed in on this browser, and the next page with a network sends the sign-out
/// again. Only the cookie's presence counts. An attacker who sets it can sign out this browser, and
/// no other.
pub(crate) const PENDING_SIGN_OUT: &str = "pending_sign_out";

/// Returns the full name of a cookie. Over https, the prefix `__Host-` keeps other hosts and plain http
/// from setting it
/// ([RFC 6265bis, section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
/// Browsers send cookies to all ports of a host, so the port keeps two apps on one machine apart. It
/// is empty for the scheme's default port.
pub(crate) fn cookie_name(name: &str, is_secure: bool, port: &str) -> String {
    let prefix = if is_secure { "__Host-" } else { "" };
    let dash = if port.is_empty() { "" } else { "-" };
    format!("{prefix}{name}{dash}{port}")
}
