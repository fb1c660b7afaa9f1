//! The cookie: its attributes, which are the same when it is removed, and its token, which nobody
//! can forge or read elsewhere.

mod common;

use common::Site;
use leptos_guardian::{SignOutScope, server::SigningKey};
use tower_sessions::session::Id;

fn attributes(set_cookie: &str) -> Vec<String> {
    let mut attributes: Vec<String> = set_cookie
        .split("; ")
        .skip(1)
        .filter(|attribute| !attribute.starts_with("Max-Age"))
        .map(str::to_owned)
        .collect();
    attributes.sort();
    attributes
}

/// A site, the prefix of its cookies' names, and their attributes.
const SITES: [(&str, &str, &[&str]); 2] = [
    (
        "http://site.test",
        "",
        &["HttpOnly", "Path=/", "SameSite=Lax"],
    ),
    (
        "https://site.test",
        "__Host-",
        &["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
    ),
];

#[tokio::test]
async fn the_removal_has_the_attributes_of_the_cookie() {
    for (site_url, prefix, expected) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        assert_eq!(site.guardian.is_secure(), !prefix.is_empty());
        let mut browser = site.browser();
        let set = browser.post("/sign-in/ada").await;
        let removed = browser.sign_out(SignOutScope::Local).await;
        for response in [&set, &removed] {
            let cookies = response.set_cookies();
            assert_eq!(cookies.len(), 1, "{cookies:?}");
            let name = format!("{prefix}guardian=");
            assert!(cookies[0].starts_with(&name), "{cookies:?}");
            assert_eq!(attributes(cookies[0]), expected);
        }
        assert!(removed.set_cookies()[0].contains("Max-Age=0"));
    }
}

#[tokio::test]
async fn the_removal_after_a_failed_sign_out_has_the_attributes_too() {
    for (site_url, prefix, expected) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let mut browser = site.signed_in("ada").await;
        site.execute("alter table guardian_event rename to away")
            .await;
        let failed = browser.sign_out(SignOutScope::Local).await;
        site.execute("alter table away rename to guardian_event")
            .await;
        let retried = browser.sign_out(SignOutScope::Local).await;
        for response in [&failed, &retried] {
            let mut cookies = response.set_cookies();
            cookies.sort_unstable();
            assert_eq!(cookies.len(), 2, "{cookies:?}");
            for (cookie, name) in cookies.into_iter().zip(["guardian", "guardian_unrevoked"]) {
                assert!(cookie.starts_with(&format!("{prefix}{name}=")), "{cookie}");
                assert_eq!(attributes(cookie), expected);
            }
        }
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    }
}

#[tokio::test]
async fn an_invalid_cookie_signs_nobody_in_and_is_left_alone() {
    let site = Site::new().await;
    let ours = site.signed_in("ada").await.cookies[0].1.clone();
    let (signature, token) = ours.split_at(44);
    let swapped: String = token.chars().rev().collect();
    let other_key = Site::with(|builder| builder.key(SigningKey::generate())).await;
    let foreign = other_key.signed_in("ada").await.cookies[0].1.clone();
    for value in [
        "",
        "nonsense",
        "%00%ff",
        token,
        &format!("{signature}{swapped}"),
        &foreign,
        &"a".repeat(5000),
    ] {
        let mut browser = site.browser();
        browser.cookies = vec![("guardian".into(), value.into())];
        let response = browser.get("/whoami").await;
        assert_eq!(response.status, 200, "{value}");
        assert_eq!(response.body, "nobody", "{value}");
        assert!(response.set_cookies().is_empty(), "{value}");
    }
}

#[tokio::test]
async fn a_copy_of_the_database_holds_no_token() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/word").await;
    let token: Id = browser.cookies[0].1[44..].parse().unwrap();
    let copy = site.copy_of_database().await;
    let holds = |bytes: &[u8]| copy.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(b"ada"), "the copy contains the user id");
    assert!(!holds(token.to_string().as_bytes()));
    assert!(!holds(&token.0.to_le_bytes()));
    assert!(!holds(&token.0.to_be_bytes()));
}

#[tokio::test]
async fn a_visitor_with_data_gets_a_cookie_and_a_signed_in_request_gets_none() {
    let site = Site::new().await;
    let mut visitor = site.browser();
    assert_eq!(visitor.post("/remember/cart").await.set_cookies().len(), 1);
    assert_eq!(visitor.get("/recall").await.body, "cart");
    let mut user = site.signed_in("ada").await;
    assert!(user.post("/remember/word").await.set_cookies().is_empty());
    assert_eq!(user.get("/recall").await.body, "word");
}

/// A site's other cookies may hold any bytes.
#[tokio::test]
async fn another_cookie_with_non_ascii_bytes_signs_nobody_out() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.cookies.insert(0, ("theme".into(), "dünkel".into()));
    assert_eq!(browser.whoami().await, "ada");
}

/// A script of the page sets it, and the server removes it.
#[tokio::test]
async fn over_https_the_pending_sign_out_is_a_host_cookie_too() {
    let site = Site::with(|builder| builder.site_url("https://site.test")).await;
    let mut browser = site.signed_in("ada").await;
    let cookie = |name: &str| (name.to_owned(), "x".to_owned());
    browser.cookies.push(cookie("guardian_pending_sign_out"));
    assert_eq!(
        browser.whoami().await,
        "ada",
        "another host could have set this one"
    );
    browser
        .cookies
        .push(cookie("__Host-guardian_pending_sign_out"));
    assert_eq!(browser.whoami().await, "nobody");
    let response = browser.sign_out(SignOutScope::Local).await;
    let removed = response.set_cookies();
    let removal = removed
        .iter()
        .find(|cookie| cookie.starts_with("__Host-guardian_pending_sign_out="));
    assert!(
        removal.unwrap().contains("; Secure; Path=/; Max-Age=0"),
        "{removed:?}"
    );
}
