//! The session knows when and how its user last proved who they are, and a new proof gives the browser a
//! new token.

mod common;

use common::{Browser, Site, count};
use http::StatusCode;
use leptos_guardian::{AuthError, Reason, SignOutScope};
use std::time::Duration;

/// How, and how many seconds ago.
async fn last_proof(site: &Site, browser: &mut Browser) -> (String, u64) {
    let proof = browser.get("/last-proof").await;
    assert_eq!(proof.status, StatusCode::OK, "{}", proof.body);
    let (method, proved_at) = proof.body.split_once(' ').unwrap();
    (
        method.to_owned(),
        site.now() - proved_at.parse::<u64>().unwrap(),
    )
}

#[tokio::test]
async fn the_sign_in_is_the_first_proof() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(600));
    let (method, age) = last_proof(&site, &mut browser).await;
    assert_eq!(method, "test");
    assert!((600..660).contains(&age), "{age}");
    assert_eq!(browser.get("/recent/660").await.status, StatusCode::OK);
    let refused = browser.get("/recent/599").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let error = AuthError::ConfirmationRequired { max_age: 599 };
    assert_eq!(refused.json::<AuthError>(), error);
    assert_eq!(browser.whoami().await, "ada", "still signed in");
}

#[tokio::test]
async fn nobody_has_a_recent_proof() {
    let site = Site::new().await;
    for path in ["/last-proof", "/recent/600"] {
        let response = site.browser().get(path).await;
        assert_eq!(response.json::<AuthError>(), AuthError::SignedOut, "{path}");
    }
    let response = site.browser().post("/confirm/test").await;
    assert_eq!(response.json::<AuthError>(), AuthError::SignedOut);
}

#[tokio::test]
async fn a_confirmation_is_a_new_proof_with_a_new_token() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    browser.post("/remember/word").await;
    let mut elsewhere = site.signed_in("bob").await;
    site.pass_time(Duration::from_secs(601));
    for (path, expected) in [
        ("/confirm/passkey", "passkey"),
        ("/confirm-and-renew", "passkey"),
    ] {
        let mut copy = browser.clone();
        let response = browser.post(path).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        assert_eq!(response.set_cookies().len(), 1);
        assert_eq!(
            copy.whoami().await,
            "nobody",
            "a copy of the previous token"
        );
        let (method, age) = last_proof(&site, &mut browser).await;
        assert_eq!(method, expected);
        assert!(age < 60, "{age}");
        assert_eq!(browser.get("/recent/600").await.status, StatusCode::OK);
    }
    assert_eq!(browser.get("/recall").await.body, "word");
    let sessions = browser.sessions().await;
    assert_eq!(sessions[0].method, "test", "the list shows the sign-in");
    // The proof is this session's: not that of another browser, nor of another account here.
    assert_eq!(
        elsewhere.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(browser.accounts().await, ["ada"]);
    assert_eq!(
        browser.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_new_sign_in_is_a_new_proof() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(601));
    browser.sign_in("ada").await;
    assert_eq!(browser.get("/recent/600").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_renewal_and_a_switch_are_no_proof() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    let ada = browser.sessions().await[0].handle.clone();
    browser.sign_in("bob").await;
    site.pass_time(Duration::from_secs(601));
    browser.post("/renew-token").await;
    assert_eq!(
        browser.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );
    browser.post(&format!("/switch-account/{ada}")).await;
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(
        browser.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_confirmation_that_is_rolled_back_or_fails_changes_nothing() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    site.pass_time(Duration::from_secs(601));
    let response = browser.post("/give-up-confirmation").await;
    assert!(response.set_cookies().is_empty());
    assert_eq!(
        browser.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );

    site.execute("alter table guardian_session rename to away")
        .await;
    let failed = browser.post("/confirm/test").await;
    site.execute("alter table away rename to guardian_session")
        .await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(failed.set_cookies().is_empty());
    assert_eq!(
        browser.get("/recent/600").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_confirmation_does_not_restore_a_session_that_ends_meanwhile() {
    let site = Site::new().await;
    let browser = site.signed_in("ada").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow-confirm").await });
    site.pause.reached.notified().await;
    browser.clone().sign_out(SignOutScope::Global).await;
    site.pause.resume.notify_one();
    let late = slow.await.unwrap();
    assert_eq!(late.json::<AuthError>(), AuthError::SignedOut);
    assert!(late.set_cookies().is_empty());
    assert_eq!(browser.clone().whoami().await, "nobody");
    assert_eq!(count(&site.database, "guardian_session").await, 0);
}

/// The browser's other account would get the new token.
#[tokio::test]
async fn a_confirmation_of_an_account_that_ends_meanwhile_changes_nothing() {
    let site = Site::with(|builder| builder.accounts_per_browser(2)).await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let mut in_flight = browser.clone();
    let slow = tokio::spawn(async move { in_flight.post("/slow-confirm").await });
    site.pause.reached.notified().await;
    let ended = site.guardian.sign_out_user("bob", Reason::Administrator);
    ended.await.unwrap();
    site.pause.resume.notify_one();
    let late = slow.await.unwrap();
    assert_eq!(late.json::<AuthError>(), AuthError::SignedOut);
    assert!(late.set_cookies().is_empty());
    assert_eq!(browser.accounts().await, ["ada"], "with the same token");
}
