//! A user has no more sessions than the app allows, however many sign in at once.

mod common;

use common::{Browser, Server, Site, with_hook};
use futures::future::join_all;
use http::StatusCode;
use leptos_guardian::{
    AuthError, Reason, SignOutScope,
    server::{BuildError, Database, Guardian, Overflow, SigningKey},
};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn site(limit: usize, overflow: Overflow) -> Site {
    Site::with(|builder| builder.sessions_per_user(limit, overflow)).await
}

async fn another_server(site: &Site, limit: usize, overflow: Overflow) -> Server {
    site.server(|builder| builder.sessions_per_user(limit, overflow))
        .await
}

/// Who is signed in on each of these browsers.
async fn signed_in(browsers: &mut [Browser]) -> Vec<bool> {
    let mut signed_in = Vec::new();
    for browser in browsers {
        signed_in.push(browser.whoami().await != "nobody");
    }
    signed_in
}

#[tokio::test]
async fn a_limit_of_no_sessions_is_refused() {
    let fresh = common::fresh_database().await;
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let database = Database::connect(&fresh.url).await.unwrap();
        let guardian = Guardian::builder(database)
            .site_url("http://site.test")
            .key(SigningKey::generate())
            .sessions_per_user(0, overflow);
        let refused = guardian.build().await.unwrap_err();
        assert!(matches!(refused, BuildError::SessionLimit), "{refused}");
        assert!(refused.to_string().contains("at least one session"));
    }
}

/// All within one second.
#[tokio::test]
async fn the_sessions_that_began_first_end() {
    let site = site(3, Overflow::EndOldest).await;
    let mut browsers = Vec::new();
    for count in 1..=7 {
        let mut browser = site.signed_in("ada").await;
        browser.post("/remember/word").await;
        browsers.push(browser);
        let mut expected = vec![false; count];
        expected[count.saturating_sub(3)..].fill(true);
        assert_eq!(signed_in(&mut browsers).await, expected);
    }
    assert_eq!(site.count("guardian_session").await, 3);
    assert_eq!(
        site.count("tower_sessions").await,
        3,
        "their data goes, too"
    );
    let mut other = site.signed_in("bob").await;
    assert_eq!(other.whoami().await, "bob");
    assert_eq!(
        signed_in(&mut browsers[4..]).await,
        [true; 3],
        "a limit per user"
    );
}

#[tokio::test]
async fn the_oldest_session_is_the_first_sign_in_whatever_its_use() {
    let site = site(2, Overflow::EndOldest).await;
    let mut first = site.signed_in("ada").await;
    site.pass_time(DAY);
    let mut second = site.signed_in("ada").await;
    site.pass_time(DAY);
    assert_eq!(first.whoami().await, "ada", "it is in use");
    site.signed_in("ada").await;
    assert_eq!(first.whoami().await, "nobody");
    assert_eq!(second.whoami().await, "ada");
}

/// The clock of the next server may be behind.
#[tokio::test]
async fn a_sign_in_never_ends_itself() {
    let site = site(1, Overflow::EndOldest).await;
    let mut before = site.signed_in("ada").await;
    site.move_clock(-60);
    let mut after = site.signed_in("ada").await;
    assert_eq!(after.whoami().await, "ada");
    assert_eq!(before.whoami().await, "nobody");
}

#[tokio::test]
async fn an_open_page_and_the_hook_are_told_why_a_session_ended() {
    let (heard, mut events) = unbounded_channel();
    let site =
        Site::with(|builder| with_hook(builder, &heard).sessions_per_user(1, Overflow::EndOldest));
    let site = site.await;
    let other = another_server(&site, 1, Overflow::EndOldest).await;
    let browser = site.signed_in("ada").await;
    let mut page = browser.open_page().await;
    let mut there = browser.on(&other).open_page().await;
    site.signed_in("ada").await;
    for page in [&mut page, &mut there] {
        let notice = page.notice().await;
        assert_eq!(notice.reason, Reason::SessionLimit);
        assert!(notice.is_current);
        assert_eq!(page.next().await, None, "the stream ends with the session");
    }
    let event = events.recv().await.unwrap();
    assert_eq!(event.reason, Reason::SessionLimit);
    assert_eq!((event.user_id.as_str(), event.ended.len()), ("ada", 1));
    assert_eq!(
        site.count("guardian_event where reason = 'session_limit'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_sign_in_beyond_the_limit_is_refused_and_changes_nothing() {
    let site = Site::with(|builder| {
        builder
            .accounts_per_browser(2)
            .sessions_per_user(2, Overflow::Refuse)
    });
    let site = site.await;
    let mut browsers = [site.signed_in("ada").await, site.signed_in("ada").await];
    let mut third = site.signed_in("bob").await;
    third.post("/remember/bobs").await;
    let response = third.post("/sign-in/ada").await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    let error = AuthError::TooManySessions { limit: 2 };
    assert_eq!(response.json::<AuthError>(), error);
    assert!(response.set_cookies().is_empty());
    assert_eq!(third.accounts().await, ["bob"]);
    assert_eq!(signed_in(&mut browsers).await, [true; 2]);
    assert_eq!(site.count("guardian_session").await, 3);
    assert_eq!(third.get("/recall").await.body, "bobs");
    assert_eq!(site.count("tower_sessions").await, 1);
    assert_eq!(site.count("guardian_event").await, 0);

    browsers[0].sign_out(SignOutScope::Local).await;
    third.sign_in("ada").await;
    assert_eq!(third.accounts().await, ["ada", "bob"]);
}

#[tokio::test]
async fn signing_in_again_on_one_browser_needs_no_more_room() {
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let site = site(2, overflow).await;
        let mut other = site.signed_in("ada").await;
        let mut browser = site.signed_in("ada").await;
        for _ in 0..3 {
            browser.sign_in("ada").await;
        }
        assert_eq!(other.whoami().await, "ada");
        assert_eq!(browser.whoami().await, "ada");
        assert_eq!(
            site.count("guardian_event where reason = 'session_limit'")
                .await,
            0
        );
    }
}

#[tokio::test]
async fn expired_sessions_take_no_room() {
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let site = site(1, overflow).await;
        site.signed_in("ada").await;
        site.pass_time(15 * DAY);
        assert_eq!(site.signed_in("ada").await.whoami().await, "ada");
        assert_eq!(
            site.count("guardian_event where reason = 'session_limit'")
                .await,
            0
        );
    }
}

/// Those of a time without a limit, or with a larger one.
#[tokio::test]
async fn all_that_are_too_many_end_at_the_next_sign_in() {
    let site = Site::new().await;
    for _ in 0..10 {
        site.signed_in("ada").await;
        site.pass_time(Duration::from_secs(1));
    }
    let mut last = site.signed_in("ada").await;
    let limited = another_server(&site, 2, Overflow::EndOldest).await;
    site.pass_time(Duration::from_secs(1));
    let mut new = site.browser().on(&limited);
    new.sign_in("ada").await;
    assert_eq!(site.count("guardian_session").await, 2);
    assert_eq!(last.whoami().await, "ada");
    assert_eq!(new.whoami().await, "ada");
}

/// Two servers, whose sign-ins share transactions. A second user signs in among them.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ins_at_once_never_one_too_many_is_signed_in() {
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let site = site(5, overflow).await;
        let other = another_server(&site, 5, overflow).await;
        let sign_ins = (0..64).map(|n| {
            let browser = site.browser();
            let mut browser = if n % 2 == 0 {
                browser
            } else {
                browser.on(&other)
            };
            let user = if n % 16 == 0 { "bob" } else { "ada" };
            tokio::spawn(async move {
                let response = browser.post(&format!("/sign-in/{user}")).await;
                (browser, user, response.status)
            })
        });
        let sign_ins: Vec<_> = sign_ins.collect();
        let live = "guardian_session where user_id = 'ada'";
        let mut most = 0;
        while !sign_ins.iter().all(|one| one.is_finished()) {
            most = most.max(site.count(live).await);
        }
        assert!(most <= 5, "{most} at once with {overflow:?}");
        let (mut accepted, mut adas) = (0, Vec::new());
        for (browser, user, status) in join_all(sign_ins).await.into_iter().map(Result::unwrap) {
            if user == "bob" {
                assert_eq!(status, StatusCode::OK);
            } else if status == StatusCode::OK {
                accepted += 1;
                adas.push(browser);
            } else {
                assert_eq!(status, StatusCode::CONFLICT);
            }
        }
        let expected = if overflow == Overflow::Refuse { 5 } else { 60 };
        assert_eq!(accepted, expected, "{overflow:?}");
        let left = signed_in(&mut adas).await;
        assert_eq!(
            left.iter().filter(|is_in| **is_in).count(),
            5,
            "{overflow:?}"
        );
        assert_eq!(site.count(live).await, 5);
        assert_eq!(
            site.count("guardian_session where user_id = 'bob'").await,
            4
        );
        let ended = "guardian_event where reason = 'session_limit'";
        let is_ending = overflow == Overflow::EndOldest;
        assert_eq!(site.count(ended).await > 0, is_ending);
    }
}
