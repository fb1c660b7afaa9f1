//! The addresses that proxies have written into a request. A header may hold several, the nearest proxy's
//! last.

use http::{HeaderMap, HeaderName, header};
use std::net::IpAddr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which the app's proxies name the client. Only one is read: a client can send the other
/// one, and its proxy would pass that on.
///
/// ```
/// use leptos_guardian::server::{Builder, ProxyHeader};
///
/// fn configure(builder: Builder) -> Builder {
///     builder.trust_proxy("10.0.0.0/8").proxy_header(ProxyHeader::Forwarded)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)).
    Forwarded,
}

impl ProxyHeader {
    /// Returns the address of each hop, the nearest last, and `None` for one that is hidden or unreadable.
    pub(super) fn read(self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        };
        let values = headers.get_all(name).iter();
        values
            .flat_map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                match self {
                    Self::XForwardedFor => read_x_forwarded_for(&value),
                    Self::Forwarded => read_forwarded(&value),
                }
            })
            .collect()
    }
}

fn read_x_forwarded_for(value: &str) -> Vec<Option<IpAddr>> {
    let hops = value.split(',').filter(|hop| !hop.trim().is_empty());
    hops.map(read_address).collect()
}

fn read_forwarded(value: &str) -> Vec<Option<IpAddr>> {
    let Some(hops) = split_unquoted(value, ',') else {
        // Whoever left a quote open has hidden what follows.
        return vec![None];
    };
    hops.into_iter()
        .filter(|hop| !hop.trim().is_empty())
        .map(|hop| {
            let parameters = split_unquoted(hop, ';').unwrap_or_default();
            let mut named = parameters.iter().filter_map(|it| it.split_once('='));
            named
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
                .and_then(|(_, address)| read_address(address))
        })
        .collect()
}

/// Splits where the separator is not inside quotes. Returns `None` if a quote is left open.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|character| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            _ => return character == separator && !is_quoted,
        }
        false
    });
    let parts = parts.collect();
    (!is_quoted).then_some(parts)
}

/// Reads an address, which may have a port, brackets, quotes or, as a link-local one, a zone.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    // Inside quotes, a backslash may be before any character (RFC 9110, 5.6.4).
    let unquoted = quoted.map_or_else(|| text.to_owned(), |quoted| quoted.replace('\\', ""));
    let text = unquoted.as_str();
    let address = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            (port.is_empty() || port.starts_with(':')).then_some(address)?
        }
        // One colon is before a port. An IPv6 address has more.
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    let address = address.split_once('%').map_or(address, |zoned| zoned.0);
    let ip = address.parse::<IpAddr>().ok()?;
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::{ProxyHeader, X_FORWARDED_FOR};
    use http::{HeaderMap, HeaderValue, header};

    fn read(header: ProxyHeader, values: &[&[u8]]) -> Vec<String> {
        let name = match header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => header::FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_bytes(value).unwrap());
        }
        let hops = header.read(&headers).into_iter();
        hops.map(|hop| hop.map_or("-".to_owned(), |ip| ip.to_string()))
            .collect()
    }

    #[test]
    fn each_form_of_an_address_is_read() {
        for (value, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9:4711 ", "203.0.113.9"),
            ("\"203.0.113.9:4711\"", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
            ("fe80::1%eth0", "fe80::1"),
            ("unknown", "-"),
            ("_hidden", "-"),
            ("[2001:db8::1", "-"),
            ("[2001:db8::1]x", "-"),
            ("203.0.113", "-"),
            ("example.com:80", "-"),
        ] {
            let read = read(ProxyHeader::XForwardedFor, &[value.as_bytes()]);
            assert_eq!(read, [expected], "{value}");
        }
    }

    #[test]
    fn hops_keep_their_order_over_several_headers() {
        let values: [&[u8]; 3] = [b"\xff, 192.0.2.1,", b"", b"192.0.2.2,192.0.2.3"];
        assert_eq!(
            read(ProxyHeader::XForwardedFor, &values),
            ["-", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
        );
    }

    #[test]
    fn forwarded_headers_are_read() {
        // The first three are from RFC 7239, section 4.
        for (value, expected) in [
            ("for=\"_gazonk\"", vec!["-"]),
            (
                "For=\"[2001:db8:cafe::17]:4711\"",
                vec!["2001:db8:cafe::17"],
            ),
            (
                "for=192.0.2.60;proto=http;by=203.0.113.43, for=198.51.100.17",
                vec!["192.0.2.60", "198.51.100.17"],
            ),
            ("proto=https ; for=192.0.2.60", vec!["192.0.2.60"]),
            ("by=203.0.113.43", vec!["-"]),
            // A proxy has copied the client's `Host`.
            (
                "for=192.0.2.60;host=\"a,for=192.0.2.1\"",
                vec!["192.0.2.60"],
            ),
            (
                "for=192.0.2.60;host=\"\\\",for=192.0.2.1\"",
                vec!["192.0.2.60"],
            ),
            ("for=\"192.0.2.\\60\"", vec!["192.0.2.60"]),
            ("for=192.0.2.\\60", vec!["-"]),
            // The client's own value hides what the proxy has added.
            ("for=\"192.0.2.1, for=192.0.2.60", vec!["-"]),
            ("", vec![]),
        ] {
            let read = read(ProxyHeader::Forwarded, &[value.as_bytes()]);
            assert_eq!(read, expected, "{value}");
        }
    }
}
