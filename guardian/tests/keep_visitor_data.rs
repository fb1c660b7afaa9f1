//! What is marked as the visitor's, such as a cart, survives a sign-out. All other data goes.

mod common;

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use common::{Browser, Site};
use futures::future::join_all;
use leptos_guardian::{Reason, SignOutScope};
use std::time::Duration;
use tower_sessions::Session;

async fn put(session: Session, Path((key, value)): Path<(String, String)>) {
    session.insert(&key, value).await.unwrap();
}

async fn show(session: Session) -> String {
    let mut found = Vec::new();
    for key in ["cart", "language", "secret"] {
        if let Some(value) = session.get::<String>(key).await.unwrap() {
            found.push(format!("{key}={value}"));
        }
    }
    found.join(" ")
}

async fn site_with_accounts(accounts: usize) -> Site {
    let mut site = Site::with(|builder| {
        let builder = builder
            .keep_visitor_data("cart")
            .keep_visitor_data("language");
        builder.accounts_per_browser(accounts)
    })
    .await;
    let data = Router::new()
        .route("/put/{key}/{value}", post(put))
        .route("/show", get(show));
    site.router = site.guardian.protect(site.routes().merge(data));
    site
}

async fn site() -> Site {
    site_with_accounts(1).await
}

/// A user with a cart of this value, and a secret.
async fn shopper(site: &Site, user: &str, cart: &str) -> Browser {
    let mut browser = site.signed_in(user).await;
    browser.post(&format!("/put/cart/{cart}")).await;
    browser.post("/put/language/en").await;
    browser.post("/put/secret/word").await;
    let shown = browser.get("/show").await.body;
    assert_eq!(shown, format!("cart={cart} language=en secret=word"));
    browser
}

fn token(browser: &Browser) -> Option<String> {
    let cookie = browser.cookies.iter().find(|(name, _)| name == "guardian");
    cookie.map(|(_, value)| value.clone())
}

const KEPT: &str = "cart=book language=en";

/// Nobody is signed in, and only what was marked is there: for the visitor, and for the next user. The old
/// cookie leads to nothing.
async fn expect_kept(site: &Site, browser: &mut Browser, old: &Browser) {
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(browser.get("/show").await.body, KEPT);
    assert!(token(browser).is_some() && token(browser) != token(old));
    let mut thief = old.clone();
    assert_eq!(thief.get("/show").await.body, "");
    assert_eq!(thief.whoami().await, "nobody");
    assert_eq!(browser.get("/show").await.body, KEPT);
    // The visitor goes on with it.
    browser.post("/put/cart/book").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/show").await.body, KEPT);
    assert_eq!(
        site.count("tower_sessions").await,
        site.count("guardian_session").await
    );
}

#[tokio::test]
async fn a_sign_out_here_leaves_what_is_the_visitors() {
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let site = site().await;
        let mut browser = shopper(&site, "ada", "book").await;
        let old = browser.clone();
        let response = browser.sign_out(scope).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.set_cookies().len(),
            1,
            "{:?}",
            response.set_cookies()
        );
        expect_kept(&site, &mut browser, &old).await;
    }
}

#[tokio::test]
async fn a_session_that_ends_from_elsewhere_leaves_it_too() {
    for how in ["others", "global", "one", "administrator", "everyone"] {
        let site = site().await;
        let mut there = shopper(&site, "ada", "book").await;
        let old = there.clone();
        let mut here = site.signed_in("ada").await;
        match how {
            "one" => {
                let handle = here.sessions().await.pop().unwrap().handle;
                here.post(&format!("/sign-out-session/{handle}")).await;
            }
            "administrator" => {
                let ended = site.guardian.sign_out_user("ada", Reason::Administrator);
                assert_eq!(ended.await.unwrap().len(), 2);
            }
            "everyone" => {
                let ended = site.guardian.sign_out_everyone(Reason::Administrator);
                assert_eq!(ended.await.unwrap().len(), 2);
            }
            scope => drop(here.sign_out(scope.parse().unwrap()).await),
        }
        here.sign_out(SignOutScope::Local).await;
        assert_eq!(here.get("/show").await.body, "", "{how}");
        expect_kept(&site, &mut there, &old).await;
    }
}

#[tokio::test]
async fn a_sign_in_as_another_user_keeps_what_is_the_visitors() {
    let site = site().await;
    let mut browser = shopper(&site, "ada", "book").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/show").await.body, KEPT);
    assert_eq!(site.count("tower_sessions").await, 1);
    // In one request, the first user's data is loaded already.
    let mut browser = shopper(&site, "eve", "book").await;
    browser.post("/switch-to/bob").await;
    assert_eq!(browser.whoami().await, "bob");
    assert_eq!(browser.get("/show").await.body, KEPT);
}

#[tokio::test]
async fn a_sign_in_after_a_sign_out_without_a_network_keeps_it_too() {
    for user in ["ada", "bob"] {
        let site = site().await;
        let mut browser = shopper(&site, "ada", "book").await;
        let pending = ("guardian_pending_sign_out".to_owned(), "1".to_owned());
        browser.cookies.push(pending);
        assert_eq!(browser.get("/show").await.body, "");
        browser.sign_in(user).await;
        assert_eq!(browser.get("/show").await.body, KEPT, "{user}");
    }
}

/// Another account's data is its own. What is the visitor's waits until nobody is signed in.
#[tokio::test]
async fn with_several_accounts_it_waits_for_the_last_sign_out() {
    let site = site_with_accounts(3).await;
    let mut browser = shopper(&site, "ada", "book").await;
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/show").await.body, "");
    let ada = browser.get("/accounts").await.body;
    assert!(ada.contains("ada"), "{ada}");
    let handle = |browser: &Browser, user: &str| {
        let mut browser = browser.clone();
        let user = user.to_owned();
        async move {
            let accounts: Result<leptos_guardian::Accounts, leptos_guardian::AuthError> =
                browser.get("/accounts").await.json();
            let accounts = accounts.unwrap();
            let mut all = std::iter::once(accounts.active).chain(accounts.others);
            all.find(|account| account.id == user).unwrap().session
        }
    };
    let first = handle(&browser, "ada").await;
    browser.post(&format!("/sign-out-session/{first}")).await;
    assert_eq!(browser.get("/show").await.body, "", "bob is signed in");
    // The browser's token changes meanwhile.
    browser.sign_in("eve").await;
    let bob = handle(&browser, "bob").await;
    browser.post(&format!("/switch-account/{bob}")).await;
    let old = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.whoami().await, "eve");
    assert_eq!(browser.get("/show").await.body, "");
    browser.sign_out(SignOutScope::Local).await;
    expect_kept(&site, &mut browser, &old).await;
}

/// Each leaves something for the same browser.
#[tokio::test]
async fn two_accounts_of_a_browser_that_end_at_the_same_moment_fail_neither_sign_out() {
    for _ in 0..5 {
        let site = site_with_accounts(2).await;
        let mut browser = shopper(&site, "ada", "book").await;
        browser.sign_in("bob").await;
        browser.post("/put/cart/book").await;
        browser.post("/put/language/en").await;
        let ended = join_all(
            ["ada", "bob"].map(|user| site.guardian.sign_out_user(user, Reason::Administrator)),
        );
        for ended in ended.await {
            assert_eq!(ended.unwrap().len(), 1);
        }
        assert_eq!(browser.get("/show").await.body, KEPT);
    }
}

/// Without a visit in between: the sign-in itself moves it, and leaves nothing behind.
#[tokio::test]
async fn a_sign_in_with_the_ended_cookie_takes_it_along() {
    let site = site().await;
    let mut browser = shopper(&site, "ada", "book").await;
    let ended = site.guardian.sign_out_user("ada", Reason::Administrator);
    ended.await.unwrap();
    browser.sign_in("bob").await;
    assert_eq!(browser.get("/show").await.body, KEPT);
    assert_eq!(site.count("tower_sessions").await, 1);
}

#[tokio::test]
async fn sign_outs_that_share_a_transaction_leave_everybody_their_own() {
    let site = site().await;
    let mut browsers = Vec::new();
    for n in 0..20 {
        browsers.push(shopper(&site, &format!("user-{n}"), &format!("book-{n}")).await);
    }
    let sign_outs = browsers
        .iter_mut()
        .map(|browser| browser.sign_out(SignOutScope::Global));
    join_all(sign_outs).await;
    for (n, browser) in browsers.iter_mut().enumerate() {
        let shown = browser.get("/show").await.body;
        assert_eq!(shown, format!("cart=book-{n} language=en"));
    }
    assert_eq!(site.count("tower_sessions").await, 20);
}

#[tokio::test]
async fn a_sign_out_that_succeeds_at_the_second_try_leaves_it() {
    let site = site().await;
    let mut browser = shopper(&site, "ada", "book").await;
    let old = browser.clone();
    site.execute("alter table guardian_event rename to away")
        .await;
    assert_eq!(browser.sign_out(SignOutScope::Local).await.status, 503);
    site.execute("alter table away rename to guardian_event")
        .await;
    assert_eq!(browser.get("/show").await.body, "");
    browser.sign_out(SignOutScope::Local).await;
    expect_kept(&site, &mut browser, &old).await;
}

#[tokio::test]
async fn an_expired_session_leaves_it_before_and_after_housekeeping() {
    for days in [15, 30] {
        let site = site().await;
        let mut browser = shopper(&site, "ada", "book").await;
        let old = browser.clone();
        site.pass_time(Duration::from_secs(days * 24 * 60 * 60));
        if days == 30 {
            let deleted = site.guardian.clean_up().await.unwrap();
            assert_eq!(deleted.sessions, 1);
        }
        expect_kept(&site, &mut browser, &old).await;
        assert_eq!(
            site.count("guardian_event").await,
            0,
            "its end is no sign-out"
        );
    }
}

#[tokio::test]
async fn without_anything_marked_the_cookie_goes() {
    let site = site().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/put/secret/word").await;
    let mut there = browser.clone();
    browser.sign_out(SignOutScope::Local).await;
    assert!(browser.cookie_names().is_empty());
    assert_eq!(there.get("/show").await.body, "");
    assert_eq!(site.count("tower_sessions").await, 0);
    // A visitor who signs out.
    let mut visitor = site.browser();
    visitor.post("/put/secret/word").await;
    visitor.post("/put/cart/book").await;
    let old = token(&visitor);
    visitor.sign_out(SignOutScope::Local).await;
    assert_eq!(visitor.get("/show").await.body, "cart=book");
    assert_ne!(token(&visitor), old);
}

/// Its response would replace the cookie with which the browser has signed in meanwhile.
#[tokio::test]
async fn a_late_visit_with_the_ended_cookie_replaces_no_new_one() {
    let site = site().await;
    let mut browser = shopper(&site, "ada", "book").await;
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    let mut late = browser.clone();
    let visit = tokio::spawn(async move { late.get("/slow-recall").await });
    site.pause.reached.notified().await;
    browser.sign_in("bob").await;
    site.pause.resume.notify_one();
    assert!(visit.await.unwrap().set_cookies().is_empty());
    assert_eq!(browser.whoami().await, "bob");
}
