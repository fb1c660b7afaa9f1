//! Signing out: which sessions end, which stay, and what a failure returns.

mod common;

use common::{Browser, Site};
use http::StatusCode;
use leptos_guardian::{Reason, SignOutError, SignOutOptions, SignOutScope, SignedOut};

#[tokio::test]
async fn the_old_cookie_is_dead_at_the_next_request() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut replay = browser.clone();
    let response = browser.sign_out(SignOutScope::Local).await;
    assert_eq!(response.json::<SignedOut>().ended.len(), 1);
    assert!(browser.cookies.is_empty());
    assert_eq!(replay.whoami().await, "nobody");
}

#[tokio::test]
async fn the_data_is_deleted_with_the_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    let mut replay = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(replay.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// Two of Ada's and one of Bob's, each with data.
async fn three_browsers(site: &Site) -> [Browser; 3] {
    let mut browsers = [
        site.signed_in("ada").await,
        site.signed_in("ada").await,
        site.signed_in("bob").await,
    ];
    for browser in &mut browsers {
        browser.post("/remember/word").await;
    }
    browsers
}

async fn whoami_each(browsers: &mut [Browser]) -> Vec<String> {
    let mut names = Vec::new();
    for browser in browsers {
        names.push(browser.whoami().await);
    }
    names
}

#[tokio::test]
async fn each_scope_ends_what_it_says() {
    for (scope, left, ended) in [
        (SignOutScope::Local, ["nobody", "ada", "bob"], 1),
        (SignOutScope::Others, ["ada", "nobody", "bob"], 1),
        (SignOutScope::Global, ["nobody", "nobody", "bob"], 2),
    ] {
        let site = Site::new().await;
        let mut browsers = three_browsers(&site).await;
        let before = browsers.clone();
        let response = browsers[0].sign_out(scope).await;
        assert_eq!(response.json::<SignedOut>().ended.len(), ended, "{scope}");
        assert_eq!(whoami_each(&mut before.clone()).await, left, "{scope}");
        assert_eq!(
            site.count("tower_sessions").await,
            3 - ended as i64,
            "{scope}"
        );
    }
}

#[tokio::test]
async fn signing_out_succeeds_when_nothing_is_left_to_end() {
    let site = Site::new().await;
    let mut never = site.browser();
    let mut twice = site.signed_in("ada").await;
    let again = twice.clone();
    twice.sign_out(SignOutScope::Local).await;
    let mut nonsense = site.browser();
    nonsense.cookies = vec![("guardian".into(), "nonsense".into())];
    for browser in [&mut never, &mut twice, &mut again.clone(), &mut nonsense] {
        for scope in [
            SignOutScope::Local,
            SignOutScope::Others,
            SignOutScope::Global,
        ] {
            let response = browser.sign_out(scope).await;
            assert_eq!(response.status, StatusCode::OK);
            assert!(response.json::<SignedOut>().ended.is_empty());
        }
    }
}

#[tokio::test]
async fn a_visitor_who_signs_out_is_forgotten() {
    let site = Site::new().await;
    let mut visitor = site.browser();
    visitor.post("/remember/cart").await;
    visitor.sign_out(SignOutScope::Local).await;
    assert!(visitor.cookies.is_empty());
    assert_eq!(site.count("tower_sessions").await, 0);
}

#[tokio::test]
async fn an_administrator_ends_all_sessions_of_one_user() {
    let site = Site::new().await;
    let mut browsers = three_browsers(&site).await;
    let ended = site
        .guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    assert_eq!(ended.len(), 2);
    assert_eq!(
        whoami_each(&mut browsers).await,
        ["nobody", "nobody", "bob"]
    );
}

/// Makes every sign-out fail half-way, as a full disk does.
async fn break_writes(site: &Site) {
    site.execute("alter table guardian_event rename to guardian_event_away")
        .await;
}

async fn repair_writes(site: &Site) {
    site.execute("alter table guardian_event_away rename to guardian_event")
        .await;
}

#[tokio::test]
async fn a_failure_is_reported_and_the_retry_ends_the_session() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut replay = browser.clone();
    break_writes(&site).await;

    let response = browser.sign_out(SignOutScope::Local).await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        response.json::<SignOutError>(),
        SignOutError::Unavailable {
            signed_out_here: true
        }
    );
    assert_eq!(
        browser.whoami().await,
        "nobody",
        "the cookie is removed here"
    );
    assert_eq!(
        replay.whoami().await,
        "ada",
        "the session is alive, as the response says"
    );
    assert_eq!(browser.cookie_names(), ["guardian_unrevoked"]);

    repair_writes(&site).await;
    let response = browser.sign_out(SignOutScope::Local).await;
    assert_eq!(response.json::<SignedOut>().ended.len(), 1);
    assert_eq!(replay.whoami().await, "nobody");
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn the_token_for_the_retry_signs_nobody_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    break_writes(&site).await;
    browser.sign_out(SignOutScope::Local).await;
    let (_, kept) = browser.cookies[0].clone();
    browser.cookies.push(("guardian".into(), kept));
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn a_failure_to_end_the_others_leaves_this_browser_signed_in() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("ada").await;
    break_writes(&site).await;
    let response = browser.sign_out(SignOutScope::Others).await;
    assert_eq!(
        response.json::<SignOutError>(),
        SignOutError::Unavailable {
            signed_out_here: false
        }
    );
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn the_next_sign_in_ends_the_session_that_a_failed_sign_out_left() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/secret").await;
    let mut replay = browser.clone();
    break_writes(&site).await;
    browser.sign_out(SignOutScope::Local).await;
    repair_writes(&site).await;
    browser.sign_in("bob").await;
    assert_eq!(replay.whoami().await, "nobody");
    assert_eq!(replay.get("/recall").await.body, "nothing");
    assert_eq!(browser.cookie_names(), ["guardian"]);
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// A visitor who stores data after a failed sign-out gets a new token. The retry must not forget
/// the old one.
#[tokio::test]
async fn the_retry_ends_the_session_even_if_the_visitor_got_a_new_token() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let mut replay = browser.clone();
    break_writes(&site).await;
    browser.sign_out(SignOutScope::Local).await;
    browser.post("/remember/cart").await;
    assert_eq!(browser.cookies.len(), 2);
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.cookies.len(), 1, "a second failure forgets nothing");

    repair_writes(&site).await;
    let response = browser.sign_out(SignOutScope::Local).await;
    assert_eq!(response.json::<SignedOut>().ended.len(), 1);
    assert_eq!(replay.whoami().await, "nobody");
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.database.close().await;
    let page = browser.clone().get("/whoami").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key("retry-after"));
    let response = browser.sign_out(SignOutScope::Local).await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        response.json::<SignOutError>(),
        SignOutError::Unavailable {
            signed_out_here: true
        }
    );
    assert_eq!(browser.whoami().await, "nobody");
}

#[tokio::test]
async fn a_password_change_ends_the_others() {
    let site = Site::new().await;
    let mut here = site.signed_in("ada").await;
    let mut there = site.signed_in("ada").await;
    let ended = here.post("/sign-out-others").await;
    assert_eq!(ended.json::<Vec<String>>().len(), 1);
    assert_eq!(here.whoami().await, "ada");
    assert_eq!(there.whoami().await, "nobody");
    let visitor = site.browser().post("/sign-out-others").await;
    assert_eq!(visitor.status, StatusCode::UNAUTHORIZED);
}

/// A thief must not escape by ending this session first.
#[tokio::test]
async fn a_password_change_ends_the_others_even_if_this_session_has_just_ended() {
    let site = Site::new().await;
    let mut here = site.signed_in("ada").await;
    let mut thief = site.signed_in("ada").await;
    let change = tokio::spawn(async move { here.post("/slow-sign-out-others").await });
    site.pause.reached.notified().await;
    thief.sign_out(SignOutScope::Others).await;
    site.pause.resume.notify_one();
    assert_eq!(change.await.unwrap().json::<Vec<String>>().len(), 1);
    assert_eq!(thief.whoami().await, "nobody");
}

/// More sessions than SQLite accepts parameters in one statement.
#[tokio::test]
async fn forty_thousand_sessions_end_at_once() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.add_sessions(40_000, "'handle' || i", "'ada'", "expires_at")
        .await;
    let response = browser.sign_out(SignOutScope::Global).await;
    assert_eq!(response.json::<SignedOut>().ended.len(), 40_001);
    assert_eq!(site.count("guardian_session").await, 0);
}

#[tokio::test]
async fn signing_in_and_out_in_one_request_leaves_nothing() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.post("/remember/cart").await;
    browser.post("/sign-in-and-out/ada").await;
    assert!(browser.cookies.is_empty());
    assert_eq!(site.count("guardian_session").await, 0);
    assert_eq!(site.count("tower_sessions").await, 0);
}

#[tokio::test]
async fn the_default_is_this_session_and_a_redirect() {
    let options = SignOutOptions::default();
    assert_eq!(options.scope, SignOutScope::Local);
    assert!(options.redirect);
}
