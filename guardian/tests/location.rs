//! Where a user signed in, in the app's words: asked once, shown in the list, and never a reason for a sign-in
//! to fail.

mod common;

use axum::extract::ConnectInfo;
use common::{Browser, Log, Site};
use leptos_guardian::server::Builder;
use std::{
    future::{Future, pending},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

/// A site whose requests come from one address.
async fn site<Run>(describe: impl Fn(IpAddr) -> Run + Send + Sync + 'static) -> Site
where
    Run: Future<Output = Option<String>> + Send + 'static,
{
    with(|builder| builder.describe_location(describe)).await
}

async fn with(configure: impl FnOnce(Builder) -> Builder) -> Site {
    let mut site = Site::with(configure).await.add_api();
    let peer = SocketAddr::from(([203, 0, 113, 9], 4711));
    site.router = site.router.layer(axum::Extension(ConnectInfo(peer)));
    site
}

async fn list(browser: &mut Browser) -> String {
    browser.get("/guardian/fragment/session-list").await.body
}

#[tokio::test]
async fn the_app_is_asked_once_and_the_list_shows_what_it_said() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let site = site(move |ip| {
        count.fetch_add(1, SeqCst);
        async move { Some(format!(" Berlin <b>&\"{ip}\" ")) }
    })
    .await;
    let mut ada = site.signed_in("ada").await;
    for _ in 0..3 {
        let html = list(&mut ada).await;
        assert!(html.contains("Berlin &lt;b&gt;&amp;"), "{html}");
        assert!(!html.contains("<b>"), "{html}");
    }
    let sessions = ada.sessions().await;
    assert_eq!(
        sessions[0].location.as_deref(),
        Some("Berlin <b>&\"203.0.113.9\"")
    );
    assert_eq!(sessions[0].ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(asked.load(SeqCst), 1);
    // Also one of a server of the previous version, which knows no locations.
    site.execute("update guardian_session set location = null")
        .await;
    assert_eq!(ada.sessions().await[0].location, None);
}

#[tokio::test]
async fn without_the_function_there_is_no_location() {
    let site = with(|builder| builder).await;
    let mut ada = site.signed_in("ada").await;
    assert_eq!(ada.sessions().await[0].location, None);
    assert!(!list(&mut ada).await.contains("<bdi>"));
}

#[tokio::test]
async fn what_is_long_or_empty_does_no_harm() {
    for (said, expected) in [
        (Some("\u{1f600}".repeat(500)), Some("\u{1f600}".repeat(100))),
        (Some("Ber\0lin\r\n".to_owned()), Some("Berlin".to_owned())),
        (Some("  ".to_owned()), None),
        (None, None),
    ] {
        let site = site(move |_| {
            let said = said.clone();
            async move { said }
        })
        .await;
        let mut ada = site.signed_in("ada").await;
        assert_eq!(ada.sessions().await[0].location, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_panics_or_takes_long_fails_no_sign_in() {
    let panics: fn(IpAddr) -> std::future::Ready<Option<String>> = |_| panic!("no database");
    let mut sites = vec![site(panics).await];
    sites.push(site(|_| async { panic!("no database") }).await);
    sites.push(site(|_| pending()).await);
    sites.push(
        site(|_| async {
            // It blocks its thread.
            std::thread::sleep(Duration::from_secs(4));
            Some("late".to_owned())
        })
        .await,
    );
    for site in sites {
        let start = Instant::now();
        let mut ada = site.signed_in("ada").await;
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(ada.sessions().await[0].location, None);
    }
}

#[tokio::test]
async fn the_log_says_why_there_is_no_location() {
    let log = Log::start();
    site(|_| async { panic!("no database") })
        .await
        .signed_in("ada")
        .await;
    log.assert_contains("ERROR", "describe_location failed");
    site(|_| pending()).await.signed_in("ada").await;
    log.assert_contains("WARN", "describe_location took too long");
}
