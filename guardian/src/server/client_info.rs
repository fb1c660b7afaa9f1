//! What the server knows about the client that sends a request.

use axum::extract::{ConnectInfo, Request};
use http::{HeaderMap, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// How much of a `User-Agent` is stored, in characters. Real ones are shorter.
const USER_AGENT_LENGTH: usize = 512;

/// The header in which proxies name the client, the nearest proxy last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What a session stores about the browser that signed in.
pub(crate) struct ClientInfo {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
}

impl ClientInfo {
    pub(crate) fn of(request: &Request, trusted_proxies: &[IpNet]) -> Self {
        let user_agent = request.headers().get(header::USER_AGENT);
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        Self {
            user_agent: user_agent
                .and_then(|text| text.to_str().ok())
                .map(|text| text.chars().take(USER_AGENT_LENGTH).collect()),
            ip: peer
                .map(|ConnectInfo(peer)| peer.ip())
                .map(|peer| client_ip(peer, request.headers(), trusted_proxies).to_string()),
        }
    }
}

/// Returns the address that a request came from: the connection's, or the one that a trusted proxy names.
/// Anybody may send the header, so the addresses before the first untrusted one are ignored.
fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted_proxies.iter().any(|net| net.contains(ip));
    let forwarded: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        // An unreadable value is no address, and ends the loop below.
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    let mut ip = peer.to_canonical();
    for hop in forwarded.iter().rev() {
        if !is_trusted(&ip) {
            break;
        }
        match read_address(hop.trim()) {
            Some(before) => ip = before,
            None => break,
        }
    }
    ip
}

/// Some proxies add the port.
fn read_address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<SocketAddr>().map(|address| address.ip());
    let address = address.or_else(|_| text.parse::<IpAddr>());
    address.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_ip(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(ip("192.0.2.1", &["203.0.113.9"], &[]), "192.0.2.1");
        assert_eq!(
            ip("192.0.2.1", &["203.0.113.9"], &["10.0.0.0/8"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (peer, forwarded, expected) in [
            ("10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("fd00::1", vec!["2001:db8::1"], "2001:db8::1"),
            // Two proxies, in one header or in two.
            ("10.0.0.1", vec!["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            // The client's claim comes before the address that the proxy saw.
            ("10.0.0.1", vec!["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", vec!["unknown"], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
        ] {
            assert_eq!(
                ip(peer, &forwarded, &trusted),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }
}
