//! Several servers on one database.

mod common;

use common::{Link, Site, Weather, with_hook};
use leptos_guardian::{Reason, SignOutScope};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc::unbounded_channel, time::timeout};

/// Less than the time between two looks while PostgreSQL calls: what comes sooner was called.
const CALLED: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_sign_out_takes_effect_at_the_next_request_on_the_other_server() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let mut browser = site.signed_in("ada").await;
        let mut there = browser.on(&other);
        assert_eq!(there.is().await, "ada");
        browser.sign_out(scope).await;
        assert_eq!(there.is().await, "nobody", "{scope}");
    }
}

#[tokio::test]
async fn an_open_page_on_the_other_server_learns_of_it_at_once() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    let start = Instant::now();
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
    assert!(start.elapsed() < CALLED, "{:?}", start.elapsed());
    assert_eq!(page.next().await, None, "it ends with the session");
}

/// Many at once: more than one call of PostgreSQL can name.
#[tokio::test]
async fn everyone_on_the_other_server_learns_of_a_sign_out_of_everyone() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let mut pages = Vec::new();
    for user in 0..450 {
        let browser = site.signed_in(&format!("user-{user}")).await;
        let page = browser.on(&other).open_page().await;
        pages.push(page);
    }
    let ended = site.guardian.sign_out_everyone(Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 450);
    for page in &mut pages {
        assert!(page.notice().await.is_current);
    }
}

/// PostgreSQL is away for the other server only; SQLite has no connection to lose.
#[tokio::test]
async fn what_was_missed_while_the_connection_was_lost_is_caught_up() {
    for weather in [Weather::Cut, Weather::Stalled] {
        let site = Site::new().await;
        let link = Link::new();
        let other = site
            .server_reached_by(|url| link.address(url), |builder| builder)
            .await;
        let mut browser = site.signed_in("ada").await;
        let mut later = site.signed_in("bob").await;
        let mut page = browser.on(&other).open_page().await;
        let mut later_page = later.on(&other).open_page().await;

        site.until_called(2).await;
        link.set(weather);
        if weather == Weather::Cut {
            // The other server has noticed, and looked for a new connection in vain.
            link.until_felt().await;
        }
        browser.sign_out(SignOutScope::Local).await;
        // When the network stalls, this is the call that is held up.
        link.until_felt().await;
        link.set(Weather::Fine);
        assert!(page.notice().await.is_current);

        // And the new connection is called again.
        later.sign_out(SignOutScope::Local).await;
        assert!(later_page.notice().await.is_current);
    }
}

/// As when a firewall forgets it. Nothing is heard of it, so it takes until the next check.
#[tokio::test]
async fn a_connection_that_has_gone_silent_is_made_again() {
    let site = Site::new().await;
    let link = Link::new();
    let other = site
        .server_reached_by(|url| link.address(url), |builder| builder)
        .await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    link.set(Weather::Silent);
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice_within(Duration::from_secs(40)).await.is_current);
}

#[tokio::test]
async fn a_connection_that_postgres_ends_is_made_again() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    site.end_calls(2).await;
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
}

#[tokio::test]
async fn a_rolling_restart_signs_nobody_out_and_misses_nothing() {
    let (heard, mut events) = unbounded_channel();
    let site = Site::new().await;
    let old = site.server(|builder| with_hook(builder, &heard)).await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;

    // The only server with the hook stops; somebody signs out; a new one starts.
    old.guardian.close_streams();
    old.guardian.finish_hooks().await;
    drop(old);
    ada.sign_out(SignOutScope::Local).await;
    let new = site.server(|builder| with_hook(builder, &heard)).await;
    let heard_of = timeout(Duration::from_secs(10), events.recv()).await;
    assert_eq!(heard_of.unwrap().unwrap().user_id, "ada");

    let mut there = bob.on(&new);
    assert_eq!(there.is().await, "bob");
    let mut page = there.open_page().await;
    bob.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
    assert_eq!(there.is().await, "nobody");
}
