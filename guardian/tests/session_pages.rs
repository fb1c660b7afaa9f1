//! The pages of the list of a user's sessions.

mod common;

use common::{Browser, Site};
use leptos_guardian::{SessionInfo, SignOutScope, SignedOut};
use std::collections::BTreeSet;

const PAGE: usize = 50;

/// Adds sessions of the only user, each last used a second before the one before it.
async fn add_sessions_in_order(site: &Site, count: i64) {
    add_sessions(site, count).await;
    site.execute(
        "update guardian_session set last_seen_at = last_seen_at - cast(substr(handle, 7) as bigint)
         where handle like 'handle%'",
    )
    .await;
}

/// Adds sessions of the only user, all last used at the same time.
async fn add_sessions(site: &Site, count: i64) {
    let handle = "'handle' || i";
    site.add_sessions(count, handle, "user_id", "expires_at")
        .await;
}

/// All pages, in order.
async fn pages(browser: &mut Browser) -> Vec<Vec<SessionInfo>> {
    let mut page = browser.session_page(None).await;
    let mut pages = vec![page.sessions];
    while let Some(next) = page.next {
        page = browser.session_page(Some(&next)).await;
        pages.push(page.sessions);
    }
    pages
}

fn lengths(pages: &[Vec<SessionInfo>]) -> Vec<usize> {
    pages.iter().map(Vec::len).collect()
}

fn handles<'a>(sessions: impl IntoIterator<Item = &'a SessionInfo>) -> Vec<&'a str> {
    let sessions = sessions.into_iter();
    sessions.map(|session| session.handle.as_str()).collect()
}

#[tokio::test]
async fn each_session_is_on_one_page_in_the_order_of_last_use() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions_in_order(&site, 119).await;
    let pages = pages(&mut browser).await;
    assert_eq!(lengths(&pages), [PAGE, PAGE, 20]);
    let listed = handles(pages.iter().flatten());
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), 120);
    let expected: Vec<String> = (1..120).map(|i| format!("handle{i}")).collect();
    assert_eq!(listed[1..], expected);
}

#[tokio::test]
async fn sessions_with_equal_last_use_are_each_on_one_page() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions(&site, 119).await;
    let pages = pages(&mut browser).await;
    assert_eq!(lengths(&pages), [PAGE, PAGE, 20]);
    let listed: BTreeSet<_> = handles(pages.iter().flatten()).into_iter().collect();
    assert_eq!(listed.len(), 120);
}

#[tokio::test]
async fn this_session_is_first_on_the_first_page_and_on_no_other() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions_in_order(&site, 119).await;
    let oldest = "update guardian_session set last_seen_at = 1 where handle not like 'handle%'";
    site.execute(oldest).await;
    let pages = pages(&mut browser).await;
    let current: Vec<usize> = pages
        .iter()
        .flatten()
        .enumerate()
        .filter_map(|(place, session)| session.is_current.then_some(place))
        .collect();
    assert_eq!(
        current,
        [0],
        "it is first though it has the oldest last use"
    );
}

#[tokio::test]
async fn a_full_last_page_has_no_next_page() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions_in_order(&site, 49).await;
    assert_eq!(lengths(&pages(&mut browser).await), [PAGE]);
    let mut bob = site.signed_in("bob").await;
    assert_eq!(lengths(&pages(&mut bob).await), [1]);
    site.signed_in("ada").await;
    assert_eq!(lengths(&pages(&mut browser).await), [PAGE, 1]);
}

#[tokio::test]
async fn a_cursor_stays_valid_when_sessions_end_or_are_used() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions_in_order(&site, 119).await;
    let first = browser.session_page(None).await;
    for change in [
        // The cursor's session and others of both pages end, and another one is used.
        "delete from guardian_session where handle in ('handle49', 'handle48', 'handle60')",
        "update guardian_session set last_seen_at = last_seen_at + 1000 where handle = 'handle70'",
    ] {
        site.execute(change).await;
    }
    site.signed_in("ada").await;
    let second = browser.session_page(first.next.as_ref()).await;
    let expected: Vec<String> = (50..=101)
        .filter(|i| ![60, 70].contains(i))
        .map(|i| format!("handle{i}"))
        .collect();
    assert_eq!(handles(&second.sessions), expected);
    // The used session is on the first page now.
    let again = browser.session_page(None).await;
    assert!(handles(&again.sessions).contains(&"handle70"));
}

#[tokio::test]
async fn a_cursor_of_another_user_shows_none_of_their_sessions() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    add_sessions_in_order(&site, 60).await;
    let cursor = ada.session_page(None).await.next.unwrap();
    let mut bob = site.signed_in("bob").await;
    let page = bob.session_page(Some(&cursor)).await;
    assert!(page.sessions.is_empty() && page.next.is_none(), "{page:?}");
}

#[tokio::test]
async fn expired_sessions_take_no_space_on_a_page() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions_in_order(&site, 119).await;
    site.execute("update guardian_session set expires_at = 1 where handle < 'handle5' and handle like 'handle%'")
        .await;
    let left = site.count("guardian_session where expires_at > 1").await;
    let pages = pages(&mut browser).await;
    assert_eq!(lengths(&pages), [PAGE, left as usize - PAGE]);
}

#[tokio::test]
async fn an_administrator_reads_all_pages() {
    let site = Site::new().await;
    site.signed_in("ada").await;
    add_sessions_in_order(&site, 119).await;
    let guardian = &site.guardian;
    let mut listed = BTreeSet::new();
    let mut after = None;
    loop {
        let page = guardian.sessions_of("ada", after.as_ref()).await.unwrap();
        assert!(page.sessions.len() <= PAGE);
        assert!(page.sessions.iter().all(|session| !session.is_current));
        listed.extend(
            page.sessions
                .into_iter()
                .map(|session| session.handle.to_string()),
        );
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(listed.len(), 120);
}

/// Only the list has pages.
#[tokio::test]
async fn a_global_sign_out_ends_all_of_ten_thousand_sessions() {
    let site = Site::new().await;
    let mut here = site.signed_in("ada").await;
    add_sessions(&site, 10_000).await;
    let mut there = site.signed_in("ada").await;
    let mut bob = site.signed_in("bob").await;
    let mut old = here.clone();
    let ended = here
        .sign_out(SignOutScope::Global)
        .await
        .json::<SignedOut>();
    assert_eq!(ended.ended.len(), 10_002);
    assert_eq!(
        (old.whoami().await, there.whoami().await),
        ("nobody".into(), "nobody".into())
    );
    assert_eq!(bob.whoami().await, "bob");
    assert_eq!(
        site.count("guardian_session where user_id = 'ada'").await,
        0
    );
}
