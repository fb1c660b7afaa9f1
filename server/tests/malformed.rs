//! Requests that no browser sends, over real connections. Each gets a response with the security
//! headers, and none reaches a handler.

mod common;

use common::Site;
use leptos_guardian_serve::server::{Limits, SecurityHeaders, serve, with_layers};
use server::router::LIMITS;
use std::{future::pending, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(20);

async fn start(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, Limits::default(), pending()));
    address
}

/// The head of the first response to these bytes.
async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(bytes).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(LIMIT, connection.read_u8()).await;
        head.push(byte.expect("no response").expect("no whole response"));
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

#[track_caller]
fn assert_is(head: &str, status: &str, what: &str) {
    let begins = format!("http/1.1 {status} ");
    let older = format!("http/1.0 {status} ");
    assert!(
        head.starts_with(&begins) || head.starts_with(&older),
        "{what}: {head}"
    );
    for header in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "permissions-policy: ",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(head.contains(header), "{what}: no {header}: {head}");
    }
}

#[tokio::test]
async fn a_target_that_is_no_path_of_this_site_is_refused() {
    let site = start(Site::new().await.router()).await;
    for method in [
        "GET", "POST", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH",
    ] {
        for target in [
            "a:80",
            "127.0.0.1:3000",
            "*",
            "http://127.0.0.1:3000/",
            "http://127.0.0.1:3000",
            "http://evil.example/pkg/app.css",
            "https://evil.example:443/guardian/events",
        ] {
            let request = format!("{method} {target} HTTP/1.1\r\nhost: site.test\r\n\r\n");
            let what = format!("{method} {target}");
            assert_is(&send(site, request.as_bytes()).await, "400", &what);
        }
    }
}

#[tokio::test]
async fn a_request_must_have_one_host() {
    let site = start(Site::new().await.router()).await;
    for hosts in [
        "",
        "host: a.test\r\nhost: a.test\r\n",
        "host: a.test\r\nx: y\r\nHost: b.test\r\n",
        "host:\r\n",
        "host: ada@a.test\r\n",
        "host: a.test/path\r\n",
        "host: a.test b.test\r\n",
        "host: a.test, b.test\r\n",
        "host: http://a.test\r\n",
        "host: a.test:port\r\n",
        "host: [::1\r\n",
        "host: a\u{fc}.test\r\n",
    ] {
        for path in ["/", "/sign-in", "/pkg/app.css", "/favicon.svg"] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}\r\n");
            assert_is(&send(site, request.as_bytes()).await, "400", &request);
        }
    }
    for (version, host) in [
        ("1.1", "host: a.test\r\n"),
        ("1.1", "HOST: [::1]:3000\r\n"),
        ("1.0", ""),
        ("1.0", "host: a.test\r\n"),
    ] {
        let request = format!("GET /sign-in HTTP/{version}\r\n{host}\r\n");
        assert_is(&send(site, request.as_bytes()).await, "200", &request);
    }
    let doubled = b"GET / HTTP/1.0\r\nhost: a.test\r\nhost: a.test\r\n\r\n";
    assert_is(&send(site, doubled).await, "400", "doubled in HTTP/1.0");
}

#[tokio::test]
async fn a_refused_request_does_not_end_the_connection() {
    let site = start(Site::new().await.router()).await;
    let both = b"GET a:80 HTTP/1.1\r\nhost: a.test\r\n\r\nGET /sign-in HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n";
    let mut connection = TcpStream::connect(site).await.unwrap();
    connection.write_all(both).await.unwrap();
    let mut responses = Vec::new();
    let end = timeout(LIMIT, connection.read_to_end(&mut responses)).await;
    end.unwrap().unwrap();
    let responses = String::from_utf8_lossy(&responses);
    let second = responses.rfind("HTTP/1.1 ").unwrap();
    assert!(responses.starts_with("HTTP/1.1 400"), "{responses}");
    assert!(
        responses[second..].starts_with("HTTP/1.1 200"),
        "{responses}"
    );
}

#[tokio::test]
async fn a_panic_gets_a_response_and_the_server_goes_on() {
    use axum::{Router, response::Response, routing::get};
    let panics = async || -> Response { panic!("a handler panics") };
    let routes = Router::new().route("/", get(panics));
    let site = start(with_layers(routes, &SecurityHeaders::default(), LIMITS)).await;
    let head = send(site, b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
    assert_is(&head, "500", "a panic");
    let head = send(site, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_is(&head, "400", "the next one");
}
