//! Open pages learn of sign-outs at once.

mod common;

use common::Site;
use http::StatusCode;
use leptos_guardian::{
    Reason, SignOutNotice, SignOutScope,
    server::{Guardian, SigningKey},
};
use std::time::{Duration, Instant};
use tokio::time::timeout;

fn summary(notice: &SignOutNotice) -> (SignOutScope, Reason, bool) {
    (notice.scope, notice.reason, notice.is_current)
}

#[tokio::test]
async fn the_stream_names_its_session_first() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.to_string();
    let mut stream = browser.open_stream().await;
    assert_eq!(stream.next().await.unwrap(), ("session".into(), handle));
}

/// Their lists of sessions have one more.
#[tokio::test]
async fn a_sign_in_elsewhere_names_the_session_again_on_the_users_pages() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    let handle = ada.sessions().await[0].handle.to_string();
    let mut page = ada.open_page().await;
    let mut other_page = site.signed_in("bob").await.open_page().await;
    site.signed_in("ada").await;
    assert_eq!(page.next().await.unwrap(), ("session".into(), handle));
    // This comes first.
    site.guardian
        .sign_out_user("bob", Reason::Administrator)
        .await
        .unwrap();
    assert_eq!(other_page.notice().await.reason, Reason::Administrator);
}

/// A page that misses it opens another stream. It also keeps proxies from closing the connection, and detects
/// that the browser is gone.
#[tokio::test]
async fn an_idle_stream_says_every_five_seconds_that_it_lives() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    // This test is about real time, so it passes.
    let start = Instant::now();
    for _ in 0..2 {
        let next = stream.next_of_any_kind(Duration::from_secs(6)).await;
        assert_eq!(next.unwrap(), ("alive".into(), "alive".into()));
    }
    assert!(start.elapsed() > Duration::from_secs(9));
}

#[tokio::test]
async fn a_stream_needs_a_signed_in_user() {
    let site = Site::new().await;
    assert_eq!(
        site.browser().open_stream().await.status,
        StatusCode::NO_CONTENT
    );
    let mut browser = site.signed_in("ada").await;
    let replay = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(replay.open_stream().await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_scope_notifies_the_users_pages_and_ends_the_right_streams() {
    use Reason::{OtherDevice, User};
    for (scope, here, there) in [
        (SignOutScope::Local, (User, true), (OtherDevice, false)),
        (SignOutScope::Others, (User, false), (OtherDevice, true)),
        (SignOutScope::Global, (User, true), (OtherDevice, true)),
    ] {
        let site = Site::new().await;
        let mut laptop = site.signed_in("ada").await;
        let phone = site.signed_in("ada").await;
        let mut streams = [laptop.open_stream().await, phone.open_stream().await];
        for stream in &mut streams {
            stream.next().await;
        }
        laptop.sign_out(scope).await;
        for (stream, (reason, is_current)) in streams.iter_mut().zip([here, there]) {
            assert_eq!(summary(&stream.notice().await), (scope, reason, is_current));
            if is_current {
                assert_eq!(stream.next().await, None, "{scope}");
            }
        }
    }
}

#[tokio::test]
async fn other_users_get_no_notice() {
    let site = Site::new().await;
    let bob = site.signed_in("bob").await;
    let mut stream = bob.open_page().await;
    let mut ada = site.signed_in("ada").await;
    ada.sign_out(SignOutScope::Global).await;
    let reason = Reason::Administrator;
    site.guardian.sign_out_user("bob", reason).await.unwrap();
    assert_eq!(
        summary(&stream.notice().await),
        (SignOutScope::Global, reason, true),
        "the first notice is their own"
    );
}

#[tokio::test]
async fn a_browser_gets_notices_of_all_its_accounts() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut stream = browser.open_page().await;
    let reason = Reason::Administrator;
    site.guardian.sign_out_user("ada", reason).await.unwrap();
    assert_eq!(
        summary(&stream.notice().await),
        (SignOutScope::Global, reason, false)
    );
    let mut stream = browser.open_page().await;
    site.guardian.sign_out_user("bob", reason).await.unwrap();
    assert_eq!(
        summary(&stream.notice().await),
        (SignOutScope::Global, reason, true)
    );
}

#[tokio::test]
async fn a_notice_has_the_reason() {
    for reason in [
        Reason::Administrator,
        Reason::PasswordChange,
        Reason::AccountDeleted,
        Reason::IdentityProvider,
    ] {
        let site = Site::new().await;
        let browser = site.signed_in("ada").await;
        let mut stream = browser.open_page().await;
        site.guardian.sign_out_user("ada", reason).await.unwrap();
        assert_eq!(stream.notice().await.reason, reason);
    }
}

#[tokio::test]
async fn a_session_that_expires_ends_its_stream() {
    let site = Site::with(|builder| builder.idle_timeout(Duration::from_secs(2))).await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    // The stream sleeps until then. This test is about real time, so it passes.
    let notice = stream.notice_within(Duration::from_secs(10)).await;
    assert_eq!(
        summary(&notice),
        (SignOutScope::Local, Reason::Expiry, true)
    );
    assert_eq!(stream.next().await, None);
}

/// An open page is no activity. It must not keep a forgotten session alive.
#[tokio::test]
async fn a_stream_does_not_keep_a_session_alive() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    assert_eq!(browser.open_stream().await.status, StatusCode::OK);
    site.pass_time(Duration::from_secs(5 * 24 * 60 * 60));
    assert_eq!(browser.whoami().await, "nobody");
}

async fn other_process(site: &Site) -> Guardian {
    Guardian::builder(site.database.clone())
        .site_url("http://site.test")
        .key(SigningKey::generate())
        .build()
        .await
        .unwrap()
}

/// Another process on the same database: a second server, or a command in a shell.
#[tokio::test]
async fn a_sign_out_by_another_process_arrives_within_two_seconds() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    let other_process = other_process(&site).await;
    let reason = Reason::Administrator;
    other_process.sign_out_user("ada", reason).await.unwrap();
    let notice = timeout(Duration::from_secs(2), stream.notice()).await;
    assert_eq!(
        summary(&notice.unwrap()),
        (SignOutScope::Global, reason, true)
    );
}

/// A page after a new sign-in must get no notice of the previous sign-out.
#[tokio::test]
async fn a_stream_skips_sign_outs_from_before_its_start() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    // Another server, because another process would not use the site's clock.
    let other = site.server(|builder| builder).await;
    let ended = other.guardian.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    // The clock counts seconds.
    site.pass_time(Duration::from_secs(1));
    browser.sign_in("ada").await;
    let mut phone = site.signed_in("ada").await;
    let phone = phone.sessions().await[0].handle.clone();
    let mut stream = browser.open_page().await;
    // The poll that finds the next event also finds the earlier one, and delivers in order.
    site.disconnect_listeners(2).await;
    let reason = Reason::IdentityProvider;
    let ended = other.guardian.sign_out_session(&phone, reason);
    assert_eq!(ended.await.unwrap(), [phone]);
    assert_eq!(
        summary(&stream.notice().await),
        (SignOutScope::Local, reason, false)
    );
}

#[tokio::test]
async fn a_notice_is_sent_once() {
    let site = Site::new().await;
    let mut laptop = site.signed_in("ada").await;
    let phone = site.signed_in("ada").await;
    let mut stream = phone.open_page().await;
    laptop.sign_out(SignOutScope::Local).await;
    assert_eq!(stream.notice().await.reason, Reason::OtherDevice);
    // The poll that finds the other process's event also finds the first one again, and earlier.
    let reason = Reason::Administrator;
    let other_process = other_process(&site).await;
    other_process.sign_out_user("ada", reason).await.unwrap();
    assert_eq!(
        summary(&stream.notice().await),
        (SignOutScope::Global, reason, true)
    );
}

#[tokio::test]
async fn a_stopping_server_ends_its_streams() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    site.guardian.close_streams();
    assert_eq!(stream.next().await, None);
    let mut late = browser.open_page().await;
    assert_eq!(late.next().await, None, "no new one begins, either");
}

/// Lost connections linger, so the newest streams stay.
#[tokio::test]
async fn a_session_has_at_most_eight_streams() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut streams = Vec::new();
    for _ in 0..9 {
        let stream = browser.open_page().await;
        streams.push(stream);
    }
    assert_eq!(streams[0].next().await, None);
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    for stream in &mut streams[1..] {
        assert!(stream.notice().await.is_current);
    }
}

#[tokio::test]
async fn long_lived_work_ends_with_the_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/wait").await });
    site.pause.reached.notified().await;
    // The work has read its session.
    site.settle().await;
    assert!(!work.is_finished());
    browser.sign_out(SignOutScope::Local).await;
    timeout(Duration::from_secs(2), work)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn long_lived_work_without_a_session_ends_at_once() {
    let site = Site::new().await;
    let mut browser = site.browser();
    timeout(Duration::from_secs(2), browser.get("/wait"))
        .await
        .unwrap();
}

/// The sign-out comes between the session check and the subscription.
#[tokio::test]
async fn a_sign_out_before_the_subscription_ends_the_work_at_once() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/slow-wait").await });
    site.pause.reached.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.pause.resume.notify_one();
    timeout(Duration::from_millis(900), work)
        .await
        .unwrap()
        .unwrap();
}

/// The limit of streams does not count the app's own work, such as uploads.
#[tokio::test]
async fn other_work_and_pages_do_not_end_work() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/wait").await });
    site.pause.reached.notified().await;
    let mut streams = Vec::new();
    for _ in 0..9 {
        let stream = browser.open_page().await;
        streams.push(stream);
    }
    assert_eq!(streams[0].next().await, None, "one page too many");
    site.settle().await;
    assert!(!work.is_finished());
    browser.sign_out(SignOutScope::Local).await;
    timeout(Duration::from_secs(2), work)
        .await
        .unwrap()
        .unwrap();
}

/// Another account's sign-out does not end this one's work. A page reloads its accounts.
#[tokio::test]
async fn work_goes_on_when_another_account_of_the_browser_ends() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/wait").await });
    site.pause.reached.notified().await;
    let mut page = browser.open_page().await;
    // The work subscribes only after it has reported to the test.
    site.settle().await;
    let ada = site
        .guardian
        .sign_out_user("ada", Reason::Administrator)
        .await;
    assert_eq!(ada.unwrap().len(), 1);
    assert!(!page.notice().await.is_current);
    assert_eq!(
        page.next().await,
        None,
        "the page reconnects for the accounts that are left"
    );
    // Notified work would have ended by now.
    site.settle().await;
    assert!(!work.is_finished());
    browser.sign_out(SignOutScope::Local).await;
    timeout(Duration::from_secs(2), work)
        .await
        .unwrap()
        .unwrap();
}

/// A page that does not read loses its stream for all its accounts, and checks when it reconnects.
#[tokio::test]
async fn a_page_that_is_far_behind_is_disconnected() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut stream = browser.open_stream().await;
    for _ in 0..20 {
        site.signed_in("ada")
            .await
            .sign_out(SignOutScope::Local)
            .await;
    }
    let mut events = 0;
    while stream.next().await.is_some() {
        events += 1;
    }
    assert!(events <= 17, "{events}: the first one and the backlog");
}
