//! A client's address: the connection's, or the one that a trusted proxy names.

mod common;

use axum::{Extension, extract::ConnectInfo};
use common::{Log, Site};
use http::{Method, Request};
use leptos_guardian::server::{Database, Guardian, ProxyHeader, SigningKey};
use std::net::SocketAddr;

/// The address in the list of sessions, of a sign-in that came through a proxy at 10.1.2.3.
async fn listed_address(trusted: &[&str]) -> Option<String> {
    let site = Site::with(|builder| {
        trusted
            .iter()
            .fold(builder, |builder, proxy| builder.trust_proxy(*proxy))
    })
    .await;
    let mut browser = site.browser();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/sign-in/ada")
        .header("x-forwarded-for", "192.0.2.7")
        .extension(ConnectInfo(SocketAddr::from(([10, 1, 2, 3], 4711))));
    browser.send(request).await;
    browser.sessions().await.remove(0).ip
}

#[tokio::test]
async fn a_named_proxy_is_believed() {
    for trusted in [
        "10.1.2.3",
        "10.0.0.0/8",
        // As a socket for both kinds of address shows them.
        "::ffff:10.1.2.3",
        "::ffff:10.0.0.0/104",
    ] {
        assert_eq!(
            listed_address(&[trusted]).await.as_deref(),
            Some("192.0.2.7"),
            "{trusted}"
        );
    }
    for trusted in [&[] as &[&str], &["10.1.2.4"], &["10.2.0.0/16"]] {
        assert_eq!(
            listed_address(trusted).await.as_deref(),
            Some("10.1.2.3"),
            "{trusted:?}"
        );
    }
}

#[tokio::test]
async fn only_the_header_that_the_app_names_is_read() {
    for (header, expected) in [
        (ProxyHeader::XForwardedFor, "192.0.2.7"),
        (ProxyHeader::Forwarded, "2001:db8::1"),
    ] {
        let site = Site::with(|builder| builder.trust_proxy("10.0.0.0/8").proxy_header(header));
        let site = site.await;
        let mut browser = site.browser();
        let request = Request::post("/sign-in/ada")
            .header("x-forwarded-for", "192.0.2.7:4711")
            .header("forwarded", "proto=https;for=\"[2001:db8::1]:4711\"")
            .extension(ConnectInfo(SocketAddr::from(([10, 1, 2, 3], 4711))));
        browser.send(request).await;
        let listed = browser.sessions().await.remove(0).ip;
        assert_eq!(listed.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn a_proxy_that_is_no_network_stops_the_start() {
    for wrong in ["", "proxy.internal", "10.0.0.0/33", "10.0.0"] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let builder = Guardian::builder(Database::connect(&url).await.unwrap())
            .site_url("http://site.test")
            .key(SigningKey::generate())
            .trust_proxy(wrong);
        let error = builder.build().await.unwrap_err().to_string();
        assert!(
            error.contains(wrong) && error.contains("network"),
            "{error}"
        );
    }
}

/// `axum::serve` needs `into_make_service_with_connect_info`.
#[tokio::test]
async fn sign_ins_without_an_address_are_said_once_in_the_log() {
    const MESSAGE: &str = "the list of sessions shows no addresses";
    let log = Log::start();
    let site = Site::new().await;
    let mut browser = site.browser();
    let peer = ConnectInfo(SocketAddr::from(([10, 1, 2, 3], 4711)));
    browser.router = browser.router.layer(Extension(peer));
    browser.sign_in("ada").await;
    assert_eq!(log.count("WARN", MESSAGE), 0);
    site.signed_in("ada").await;
    site.signed_in("bob").await;
    assert_eq!(log.count("WARN", MESSAGE), 1);
}
