//! The list of a user's sessions page by page, however many there are.

mod common;

use common::{Browser, Site};
use leptos_guardian::{SessionInfo, SignOutScope, SignedOut};
use std::collections::BTreeSet;

const PAGE: usize = 50;

/// Another `count` sessions of the only user, each used a second before the one before it.
async fn with_sessions(site: &Site, count: i64) {
    add_sessions(site, count).await;
    site.execute(
        "update guardian_session set last_seen_at = last_seen_at - cast(substr(handle, 7) as bigint)
         where handle like 'handle%'",
    )
    .await;
}

/// The same, all used at once.
async fn add_sessions(site: &Site, count: i64) {
    let handle = "'handle' || i";
    site.add_sessions(count, handle, "user_id", "expires_at")
        .await;
}

/// Every page, one after the other.
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
    with_sessions(&site, 119).await;
    let pages = pages(&mut browser).await;
    assert_eq!(lengths(&pages), [PAGE, PAGE, 20]);
    let listed = handles(pages.iter().flatten());
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), 120);
    let expected: Vec<String> = (1..120).map(|i| format!("handle{i}")).collect();
    assert_eq!(listed[1..], expected);
}

#[tokio::test]
async fn sessions_that_were_used_at_the_same_time_are_each_on_one_page() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    add_sessions(&site, 119).await;
    let pages = pages(&mut browser).await;
    assert_eq!(lengths(&pages), [PAGE, PAGE, 20]);
    let listed: BTreeSet<_> = handles(pages.iter().flatten()).into_iter().collect();
    assert_eq!(listed.len(), 120);
}

#[tokio::test]
async fn this_session_is_the_first_of_the_first_page_and_on_no_other() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    with_sessions(&site, 119).await;
    let oldest = "update guardian_session set last_seen_at = 1 where handle not like 'handle%'";
    site.execute(oldest).await;
    let pages = pages(&mut browser).await;
    let current: Vec<usize> = pages
        .iter()
        .flatten()
        .enumerate()
        .filter_map(|(place, session)| session.is_current.then_some(place))
        .collect();
    assert_eq!(current, [0], "though it was used last of all");
}

#[tokio::test]
async fn a_last_page_that_is_full_has_no_next() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    with_sessions(&site, 49).await;
    assert_eq!(lengths(&pages(&mut browser).await), [PAGE]);
    let mut bob = site.signed_in("bob").await;
    assert_eq!(lengths(&pages(&mut bob).await), [1]);
    site.signed_in("ada").await;
    assert_eq!(lengths(&pages(&mut browser).await), [PAGE, 1]);
}

/// Sessions end and are used while somebody reads the list.
#[tokio::test]
async fn a_place_in_the_list_stays_when_sessions_end_or_are_used() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    with_sessions(&site, 119).await;
    let first = browser.session_page(None).await;
    for change in [
        // The one that the place is named after, others of both pages, and one that is used.
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
    // The one that was used is on the first page now, as a newcomer is.
    let again = browser.session_page(None).await;
    assert!(handles(&again.sessions).contains(&"handle70"));
}

#[tokio::test]
async fn a_place_in_somebody_elses_list_shows_nothing_of_it() {
    let site = Site::new().await;
    let mut ada = site.signed_in("ada").await;
    with_sessions(&site, 60).await;
    let place = ada.session_page(None).await.next.unwrap();
    let mut bob = site.signed_in("bob").await;
    let page = bob.session_page(Some(&place)).await;
    assert!(page.sessions.is_empty() && page.next.is_none(), "{page:?}");
}

#[tokio::test]
async fn expired_sessions_fill_no_page() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    with_sessions(&site, 119).await;
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
    with_sessions(&site, 119).await;
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

/// The list has pages; a sign-out has none.
#[tokio::test]
async fn everywhere_ends_all_of_ten_thousand_sessions() {
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
        (old.is().await, there.is().await),
        ("nobody".into(), "nobody".into())
    );
    assert_eq!(bob.is().await, "bob");
    assert_eq!(
        site.count("guardian_session where user_id = 'ada'").await,
        0
    );
}
