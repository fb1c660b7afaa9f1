//! Several servers on one database.

mod common;

use common::{DatabaseProxy, Fault, Site, with_hook};
use leptos_guardian::{Reason, SignOutScope};
use std::time::{Duration, Instant};
use tokio::{runtime::Handle, sync::mpsc::unbounded_channel, task::yield_now, time::timeout};

/// Less than the time between two checks of a server that listens to PostgreSQL. An event within
/// this time came as a notification.
const BEFORE_CHECK: Duration = Duration::from_secs(3);

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
        assert_eq!(there.whoami().await, "ada");
        browser.sign_out(scope).await;
        assert_eq!(there.whoami().await, "nobody", "{scope}");
    }
}

#[tokio::test]
async fn an_open_page_on_the_other_server_learns_of_a_sign_out_at_once() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    let start = Instant::now();
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
    assert!(start.elapsed() < BEFORE_CHECK, "{:?}", start.elapsed());
    assert_eq!(page.next().await, None, "the stream ends with the session");
}

/// One notification of PostgreSQL has no room for the ids of so many events.
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

/// Only the other server loses PostgreSQL. SQLite has no connection to lose.
#[tokio::test]
async fn an_event_missed_while_disconnected_is_delivered_after_reconnecting() {
    for fault in [Fault::Cut, Fault::Stalled] {
        let site = Site::new().await;
        let proxy = DatabaseProxy::new();
        let other = site
            .server_through(|url| proxy.url(url), |builder| builder)
            .await;
        let mut browser = site.signed_in("ada").await;
        let mut later = site.signed_in("bob").await;
        let mut page = browser.on(&other).open_page().await;
        let mut later_page = later.on(&other).open_page().await;

        site.until_listening(2).await;
        proxy.set(fault);
        if fault == Fault::Cut {
            // The other server has noticed, and has failed to reconnect.
            proxy.until_fault_hits().await;
        }
        browser.sign_out(SignOutScope::Local).await;
        // When the network stalls, the notification is held up.
        proxy.until_fault_hits().await;
        proxy.set(Fault::None);
        assert!(page.notice().await.is_current);

        // The new connection gets notifications, too.
        later.sign_out(SignOutScope::Local).await;
        assert!(later_page.notice().await.is_current);
    }
}

/// As when a firewall forgets the connection. Nothing reports that, so it takes until the next
/// check.
#[tokio::test]
async fn a_silent_connection_is_replaced() {
    let site = Site::new().await;
    let proxy = DatabaseProxy::new();
    let other = site
        .server_through(|url| proxy.url(url), |builder| builder)
        .await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    proxy.set(Fault::Silent);
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice_within(Duration::from_secs(40)).await.is_current);
}

#[tokio::test]
async fn a_connection_that_postgres_ends_is_replaced() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let mut browser = site.signed_in("ada").await;
    let mut page = browser.on(&other).open_page().await;
    site.disconnect_listeners(2).await;
    browser.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
}

#[tokio::test]
async fn a_rolling_restart_signs_nobody_out_and_misses_nothing() {
    let (sender, mut events) = unbounded_channel();
    let site = Site::new().await;
    let old = site.server(|builder| with_hook(builder, &sender)).await;
    let mut ada = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;

    // The only server with the hook stops, a user signs out, and a new server starts.
    old.guardian.close_streams();
    old.guardian.finish_hooks().await;
    drop(old);
    ada.sign_out(SignOutScope::Local).await;
    let new = site.server(|builder| with_hook(builder, &sender)).await;
    let event = timeout(Duration::from_secs(10), events.recv()).await;
    assert_eq!(event.unwrap().unwrap().user_id, "ada");

    let mut there = bob.on(&new);
    assert_eq!(there.whoami().await, "bob");
    let mut page = there.open_page().await;
    bob.sign_out(SignOutScope::Local).await;
    assert!(page.notice().await.is_current);
    assert_eq!(there.whoami().await, "nobody");
}

#[tokio::test]
async fn dropped_servers_leave_no_work_behind() {
    const SERVERS: usize = 8;
    let (sender, _events) = unbounded_channel();
    let site = Site::new().await;
    let metrics = Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let mut servers = Vec::new();
    for _ in 0..SERVERS {
        let database = site.database.clone();
        let server = site.server_on(database, |builder| with_hook(builder, &sender));
        servers.push(server.await);
    }
    assert!(metrics.num_alive_tasks() > before + SERVERS);
    drop(servers);
    let ended = async {
        while metrics.num_alive_tasks() > before {
            yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(5), ended).await;
    assert!(ended.is_ok(), "{} > {before}", metrics.num_alive_tasks());
}
