//! Several accounts on one browser.

mod common;

use common::{Browser, Site};
use http::StatusCode;
use leptos_guardian::{
    Accounts, AuthError, Reason, SignOutScope, SignedOut, server::Database, with_pool,
};
use std::time::Duration;

async fn site() -> Site {
    Site::with(|builder| builder.accounts_per_browser(3)).await
}

/// A browser in which these users have signed in, in this order.
async fn with_accounts(site: &Site, users: &[&str]) -> Browser {
    let mut browser = site.browser();
    for user in users {
        browser.sign_in(user).await;
    }
    browser
}

async fn handle_of(browser: &mut Browser, user: &str) -> String {
    let accounts: Result<Accounts, AuthError> = browser.get("/accounts").await.json();
    let accounts = accounts.unwrap();
    let mut all = accounts.others;
    all.push(accounts.active);
    let found = all.into_iter().find(|account| account.id == user);
    found.unwrap().session.to_string()
}

#[tokio::test]
async fn a_second_sign_in_adds_the_active_account() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada"]).await;
    let mut before = browser.clone();
    browser.sign_in("bob").await;
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
    assert_ne!(browser.cookies, before.cookies, "a new token");
    assert_eq!(before.whoami().await, "nobody", "and the old one is dead");
}

#[tokio::test]
async fn a_browser_has_one_account_by_default() {
    let site = Site::new().await;
    let mut browser = with_accounts(&site, &["ada", "bob"]).await;
    assert_eq!(browser.accounts().await, ["bob"]);
    assert_eq!(site.count("guardian_session").await, 1);
}

#[tokio::test]
async fn signing_in_again_adds_no_second_account() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob", "ada"]).await;
    assert_eq!(browser.accounts().await, ["ada", "bob"]);
    assert_eq!(site.count("guardian_session").await, 2);
}

#[tokio::test]
async fn a_sign_in_beyond_the_limit_is_refused_and_changes_nothing() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob", "cyd"]).await;
    let response = browser.post("/sign-in/dan").await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(
        response.json::<AuthError>(),
        AuthError::TooManyAccounts { limit: 3 }
    );
    assert!(response.set_cookies().is_empty());
    assert_eq!(browser.accounts().await, ["cyd", "bob", "ada"]);
    browser.sign_in("ada").await;
    assert_eq!(browser.accounts().await, ["ada", "cyd", "bob"]);
}

#[tokio::test]
async fn switching_makes_another_account_the_active_one() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob", "cyd"]).await;
    let ada = handle_of(&mut browser, "ada").await;
    let response = browser.post(&format!("/switch-account/{ada}")).await;
    assert_eq!(response.json::<Accounts>().active.id, "ada");
    assert_eq!(browser.accounts().await, ["ada", "cyd", "bob"]);
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn switching_to_a_session_on_another_browser_is_refused() {
    let site = site().await;
    let mut elsewhere = with_accounts(&site, &["bob"]).await;
    let bob = handle_of(&mut elsewhere, "bob").await;
    let mut browser = with_accounts(&site, &["ada"]).await;
    let foreign = browser.post(&format!("/switch-account/{bob}")).await;
    let unknown = browser.post("/switch-account/no-such-session").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(foreign.body, unknown.body);
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn each_scope_ends_the_right_accounts() {
    for (scope, left, ended) in [
        (SignOutScope::Local, vec!["ada"], 1),
        (SignOutScope::Browser, vec![], 2),
        (SignOutScope::Others, vec!["bob", "ada"], 1),
        (SignOutScope::Global, vec!["ada"], 2),
    ] {
        let site = site().await;
        let mut browser = with_accounts(&site, &["ada", "bob"]).await;
        let mut elsewhere = with_accounts(&site, &["bob"]).await;
        let response = browser.sign_out(scope).await;
        assert_eq!(response.json::<SignedOut>().ended.len(), ended, "{scope}");
        assert_eq!(browser.accounts().await, left, "{scope}");
        assert_eq!(browser.cookies.is_empty(), left.is_empty(), "{scope}");
        let is_left_elsewhere = matches!(scope, SignOutScope::Local | SignOutScope::Browser);
        let expected = if is_left_elsewhere { "bob" } else { "nobody" };
        assert_eq!(elsewhere.whoami().await, expected, "{scope}");
    }
}

#[tokio::test]
async fn each_account_has_its_own_data() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada"]).await;
    browser.post("/remember/adas").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/recall").await.body, "nothing");
    browser.post("/remember/bobs").await;
    let ada = handle_of(&mut browser, "ada").await;
    browser.post(&format!("/switch-account/{ada}")).await;
    assert_eq!(browser.get("/recall").await.body, "adas");
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.get("/recall").await.body, "bobs");
    assert_eq!(site.count("tower_sessions").await, 1);
}

/// Handlers may log the id of the data.
#[tokio::test]
async fn the_id_of_a_users_data_is_not_the_token() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada"]).await;
    let id = browser.get("/data-id").await.body;
    assert_eq!(id.len(), 22);
    assert!(!browser.cookies[0].1.contains(&id));
    let mut forged = browser.clone();
    forged.cookies[0].1.replace_range(44.., &id);
    assert_eq!(forged.whoami().await, "nobody");
}

#[tokio::test]
async fn another_account_becomes_active_when_the_active_one_ends_elsewhere() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob"]).await;
    site.guardian
        .sign_out_user("bob", Reason::Administrator)
        .await
        .unwrap();
    assert_eq!(browser.accounts().await, ["ada"]);
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn expired_accounts_are_neither_listed_nor_kept() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob", "cyd"]).await;
    site.pass_time(Duration::from_secs(15 * 24 * 60 * 60));
    assert!(browser.accounts().await.is_empty());
    browser.sign_in("dan").await;
    assert_eq!(browser.accounts().await, ["dan"]);
    assert_eq!(site.count("guardian_session").await, 1);
}

#[tokio::test]
async fn switching_to_an_expired_account_is_refused() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada"]).await;
    let ada = handle_of(&mut browser, "ada").await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    browser.sign_in("bob").await;
    site.pass_time(Duration::from_secs(10 * 24 * 60 * 60));
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
    site.pass_time(Duration::from_secs(5 * 24 * 60 * 60));
    let response = browser.post(&format!("/switch-account/{ada}")).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.accounts().await, ["bob"]);
}

/// A failed sign-out removes the browser's cookie, and with it the other accounts. The retry ends
/// them, because nobody can use them any more.
#[tokio::test]
async fn the_retry_of_a_failed_sign_out_ends_every_account_of_the_lost_token() {
    for scope in [SignOutScope::Local, SignOutScope::Global] {
        let site = site().await;
        let mut browser = with_accounts(&site, &["ada", "bob"]).await;
        let mut adas_phone = with_accounts(&site, &["ada"]).await;
        site.execute("alter table guardian_event rename to away")
            .await;
        let response = browser.sign_out(scope).await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(browser.accounts().await.is_empty());
        site.execute("alter table away rename to guardian_event")
            .await;
        browser.sign_out(scope).await;
        assert!(browser.cookies.is_empty());
        assert_eq!(site.count("guardian_session").await, 1, "{scope}");
        assert_eq!(adas_phone.whoami().await, "ada", "bob signed out, not ada");
    }
}

/// A pending sign-out names the session, and fails when it arrives.
#[tokio::test]
async fn the_retry_by_handle_ends_the_other_accounts_of_the_lost_token_too() {
    let site = site().await;
    let mut browser = with_accounts(&site, &["ada", "bob"]).await;
    let bob = handle_of(&mut browser, "bob").await;
    let sign_out = format!("/sign-out-session/{bob}");
    site.execute("alter table guardian_event rename to away")
        .await;
    let response = browser.post(&sign_out).await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    site.execute("alter table away rename to guardian_event")
        .await;
    browser.post(&sign_out).await;
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(site.count("guardian_session").await, 0);
}

/// Uses a new connection, because an old one of SQLite may not know the column's current name.
async fn rename_column(site: &Site, from: &str, to: &str) {
    let database = Database::connect(&site.url).await.unwrap();
    let rename = format!("alter table guardian_session rename column {from} to {to}");
    with_pool!(&database, pool => {
        sqlx::query(&rename).execute(pool).await.unwrap();
    });
    database.close().await;
}

#[tokio::test]
async fn a_failed_sign_in_leaves_the_data_where_it_was() {
    let site = site().await;
    for is_signed_in in [false, true] {
        let mut browser = site.browser();
        if is_signed_in {
            browser.sign_in("ada").await;
        }
        browser.post("/remember/cart").await;
        let before = browser.clone();
        site.execute("alter table guardian_event rename to away")
            .await;
        rename_column(&site, "user_agent", "away").await;
        let response = before.clone().post("/sign-in/ada").await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
        rename_column(&site, "away", "user_agent").await;
        site.execute("alter table away rename to guardian_event")
            .await;
        assert_eq!(before.clone().get("/recall").await.body, "cart");
    }
}

#[tokio::test]
async fn a_sign_out_does_not_report_expired_sessions() {
    let site = site().await;
    site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(15 * 24 * 60 * 60));
    let mut browser = site.signed_in("ada").await;
    let response = browser.sign_out(SignOutScope::Global).await;
    assert_eq!(response.json::<SignedOut>().ended.len(), 1);
    assert_eq!(site.count("guardian_session").await, 0);
}

/// Unreadable rows do not mean that there are none.
#[tokio::test]
async fn a_sign_in_ends_no_accounts_that_could_not_be_read() {
    const UNREADABLE: &str = "update guardian_session set profile = '{' || profile";
    const READABLE: &str = "update guardian_session set profile = substr(profile, 2)
        where profile like '{{%'";
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    site.execute(UNREADABLE).await;
    let refused = browser.post("/sign-in/bob").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.set_cookies().is_empty());
    site.execute(READABLE).await;
    assert_eq!(browser.accounts().await, ["ada"]);

    // The rows become readable between the session check and the sign-in.
    site.execute(UNREADABLE).await;
    let mut slow = browser.clone();
    let sign_in = tokio::spawn(async move {
        let response = slow.post("/slow-sign-in/bob").await;
        (response.status, slow)
    });
    site.pause.reached.notified().await;
    site.execute(READABLE).await;
    site.pause.resume.notify_one();
    let (status, mut browser) = sign_in.await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(browser.accounts().await, ["bob", "ada"]);
}
