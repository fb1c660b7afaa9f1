//! The names of this site's cookies: one rule for the server, which knows the site's URL, and for the
//! browser, which knows the page's.

/// Says that this browser has a pending sign-out: one that the page could not send to the server. From
/// then on nobody counts as signed in here, and the next page with a network sends it again. Only its
/// presence counts. A stranger who manages to set it can make a browser look signed out, and no more.
pub(crate) const PENDING_SIGN_OUT: &str = "pending_sign_out";

/// Returns the full name of a cookie. Over https, the prefix `__Host-` keeps other hosts and plain http
/// from setting it
/// ([RFC 6265bis, section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
/// Browsers send cookies to all ports of a host. The port, empty when it is the scheme's own, keeps
/// two apps on one machine apart.
pub(crate) fn cookie_name(name: &str, is_secure: bool, port: &str) -> String {
    let prefix = if is_secure { "__Host-" } else { "" };
    let dash = if port.is_empty() { "" } else { "-" };
    format!("{prefix}{name}{dash}{port}")
}
