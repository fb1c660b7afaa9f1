//! What the server knows about the client that sends a request.

use super::{forwarded::ProxyHeader, respond::accepts_html, user_agent};
use axum::extract::{ConnectInfo, OriginalUri, Request};
use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The proxies that an app trusts, and where they name the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) header: ProxyHeader,
}

/// What a session stores about the browser that signed in, and how the request came.
pub(crate) struct ClientInfo {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
    /// Whether the client shows the response to somebody.
    pub(crate) accepts_html: bool,
    /// Whether the app's router is nested in another one, so that the library's routes may be at other paths.
    pub(crate) is_nested: bool,
}

impl ClientInfo {
    pub(crate) fn of(request: &Request, proxies: &Proxies) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let original = request.extensions().get::<OriginalUri>();
        Self {
            user_agent: user_agent::to_store(request.headers()),
            ip: peer
                .map(|ConnectInfo(peer)| peer.ip())
                .map(|peer| client_ip(peer, request.headers(), proxies).to_string()),
            accepts_html: accepts_html(request.headers()),
            is_nested: original.is_some_and(|original| original.path() != request.uri().path()),
        }
    }
}

/// Returns the address that a request came from: the connection's, or the one that a trusted proxy names.
/// Anybody may send the header, so the addresses before the first untrusted one are ignored.
fn client_ip(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let is_trusted = |ip: &IpAddr| proxies.trusted.iter().any(|net| net.contains(ip));
    let mut ip = peer.to_canonical();
    if !is_trusted(&ip) {
        return ip;
    }
    for hop in proxies.header.read(headers).into_iter().rev() {
        match hop {
            Some(before) if is_trusted(&ip) => ip = before,
            _ => break,
        }
    }
    ip
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxies = Proxies {
            trusted: trusted.iter().map(|net| net.parse().unwrap()).collect(),
            header: ProxyHeader::XForwardedFor,
        };
        client_ip(peer.parse().unwrap(), &headers, &proxies).to_string()
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
