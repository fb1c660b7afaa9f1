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

fn told(notice: &SignOutNotice) -> (SignOutScope, Reason, bool) {
    (notice.scope, notice.reason, notice.is_current)
}

#[tokio::test]
async fn the_stream_names_its_session_first() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let handle = browser.sessions().await[0].handle.to_string();
    let mut stream = browser.listen().await;
    assert_eq!(stream.next().await.unwrap(), ("session".into(), handle));
}

/// It keeps proxies from closing the connection, and finds out that the browser is gone.
#[tokio::test]
async fn an_idle_stream_sends_a_comment_every_fifteen_seconds() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    // The machine's own time is the subject, so it passes.
    let start = Instant::now();
    let next = stream.next_within(Duration::from_secs(16)).await;
    assert_eq!(next.unwrap(), Default::default(), "a comment");
    assert!(start.elapsed() > Duration::from_secs(13));
}

#[tokio::test]
async fn nobody_gets_a_stream_who_is_not_signed_in() {
    let site = Site::new().await;
    assert_eq!(site.browser().listen().await.status, StatusCode::NO_CONTENT);
    let mut browser = site.signed_in("ada").await;
    let replay = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(replay.listen().await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_scope_reaches_whom_it_concerns_and_ends_their_stream() {
    use Reason::{OtherDevice, User};
    for (scope, here, there) in [
        (SignOutScope::Local, (User, true), (OtherDevice, false)),
        (SignOutScope::Others, (User, false), (OtherDevice, true)),
        (SignOutScope::Global, (User, true), (OtherDevice, true)),
    ] {
        let site = Site::new().await;
        let mut laptop = site.signed_in("ada").await;
        let phone = site.signed_in("ada").await;
        let mut streams = [laptop.listen().await, phone.listen().await];
        for stream in &mut streams {
            stream.next().await;
        }
        laptop.sign_out(scope).await;
        for (stream, (reason, ends)) in streams.iter_mut().zip([here, there]) {
            assert_eq!(told(&stream.notice().await), (scope, reason, ends));
            if ends {
                assert_eq!(stream.next().await, None, "{scope}");
            }
        }
    }
}

#[tokio::test]
async fn other_users_hear_nothing() {
    let site = Site::new().await;
    let bob = site.signed_in("bob").await;
    let mut stream = bob.open_page().await;
    let mut ada = site.signed_in("ada").await;
    ada.sign_out(SignOutScope::Global).await;
    let reason = Reason::Administrator;
    site.guardian.sign_out_user("bob", reason).await.unwrap();
    assert_eq!(
        told(&stream.notice().await),
        (SignOutScope::Global, reason, true),
        "what comes next is their own"
    );
}

#[tokio::test]
async fn a_browser_hears_of_all_its_accounts() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut stream = browser.open_page().await;
    let reason = Reason::Administrator;
    site.guardian.sign_out_user("ada", reason).await.unwrap();
    assert_eq!(
        told(&stream.notice().await),
        (SignOutScope::Global, reason, false)
    );
    let mut stream = browser.open_page().await;
    site.guardian.sign_out_user("bob", reason).await.unwrap();
    assert_eq!(
        told(&stream.notice().await),
        (SignOutScope::Global, reason, true)
    );
}

#[tokio::test]
async fn every_reason_is_told() {
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
    // The stream sleeps until then: the machine's own time is the subject, so it passes.
    let notice = stream.notice_within(Duration::from_secs(10)).await;
    assert_eq!(told(&notice), (SignOutScope::Local, Reason::Expiry, true));
    assert_eq!(stream.next().await, None);
}

/// An open page is no activity: it must not keep a forgotten session alive.
#[tokio::test]
async fn a_stream_keeps_no_session_alive() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    assert_eq!(browser.listen().await.status, StatusCode::OK);
    site.pass_time(Duration::from_secs(5 * 24 * 60 * 60));
    assert_eq!(browser.is().await, "nobody");
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
async fn a_sign_out_by_another_process_is_told_within_two_seconds() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    let other_process = other_process(&site).await;
    let reason = Reason::Administrator;
    other_process.sign_out_user("ada", reason).await.unwrap();
    let notice = timeout(Duration::from_secs(2), stream.notice()).await;
    assert_eq!(told(&notice.unwrap()), (SignOutScope::Global, reason, true));
}

/// Signing in again must not be followed by the news of the sign-out before.
#[tokio::test]
async fn what_happened_before_the_stream_began_is_no_news() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    // As the other process, but by the site's clock.
    let other = site.server(|builder| builder).await;
    let ended = other.guardian.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    // The clock says seconds.
    site.pass_time(Duration::from_secs(1));
    browser.sign_in("ada").await;
    let mut phone = site.signed_in("ada").await;
    let phone = phone.sessions().await[0].handle.clone();
    let mut stream = browser.open_page().await;
    // The look that finds what comes now finds what came before, too, and in order.
    site.end_calls(2).await;
    let reason = Reason::IdentityProvider;
    let ended = other.guardian.sign_out_session(&phone, reason);
    assert_eq!(ended.await.unwrap(), [phone]);
    assert_eq!(
        told(&stream.notice().await),
        (SignOutScope::Local, reason, false)
    );
}

#[tokio::test]
async fn an_event_is_told_once() {
    let site = Site::new().await;
    let mut laptop = site.signed_in("ada").await;
    let phone = site.signed_in("ada").await;
    let mut stream = phone.open_page().await;
    laptop.sign_out(SignOutScope::Local).await;
    assert_eq!(stream.notice().await.reason, Reason::OtherDevice);
    // The look that finds what another process does finds the first one again, and before.
    let reason = Reason::Administrator;
    let other_process = other_process(&site).await;
    other_process.sign_out_user("ada", reason).await.unwrap();
    assert_eq!(
        told(&stream.notice().await),
        (SignOutScope::Global, reason, true)
    );
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut stream = browser.open_page().await;
    site.guardian.close_streams();
    assert_eq!(stream.next().await, None);
    let mut late = browser.open_page().await;
    assert_eq!(late.next().await, None, "nor does one begin");
}

/// Connections that were lost linger; the newest ones count.
#[tokio::test]
async fn one_session_holds_no_more_than_eight_streams() {
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
    site.slow.arrived.notified().await;
    // It has looked its session up.
    site.settle().await;
    assert!(!work.is_finished());
    browser.sign_out(SignOutScope::Local).await;
    timeout(Duration::from_secs(2), work)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn long_lived_work_of_nobody_ends_at_once() {
    let site = Site::new().await;
    let mut browser = site.browser();
    timeout(Duration::from_secs(2), browser.get("/wait"))
        .await
        .unwrap();
}

/// A sign-out between the check of the request and the subscription is not missed.
#[tokio::test]
async fn what_has_ended_before_it_listens_ends_the_work_at_once() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/slow-wait").await });
    site.slow.arrived.notified().await;
    browser.sign_out(SignOutScope::Local).await;
    site.slow.go_on.notify_one();
    timeout(Duration::from_millis(900), work)
        .await
        .unwrap()
        .unwrap();
}

/// The app's own work counts for itself: nine uploads are nine uploads.
#[tokio::test]
async fn work_is_not_cut_off_for_other_work_or_pages() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/wait").await });
    site.slow.arrived.notified().await;
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

/// Another account's end is no end of this one's work; a page asks again who is there.
#[tokio::test]
async fn work_goes_on_when_another_account_of_the_browser_ends() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut working = browser.clone();
    let work = tokio::spawn(async move { working.get("/wait").await });
    site.slow.arrived.notified().await;
    let mut page = browser.open_page().await;
    // The work has said that it is there, and only then listens.
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
        "it comes back for the accounts that are left"
    );
    // Work that had heard of it has ended by now.
    site.settle().await;
    assert!(!work.is_finished());
    browser.sign_out(SignOutScope::Local).await;
    timeout(Duration::from_secs(2), work)
        .await
        .unwrap()
        .unwrap();
}

/// One that does not read is cut off altogether, and finds out when it comes back.
#[tokio::test]
async fn a_page_that_is_far_behind_is_cut_off_from_all_its_accounts() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut stream = browser.listen().await;
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
    assert!(events <= 17, "{events}: the first, and the backlog");
}
