//! A password change and a deleted account end sessions together with the change, or not at all.

mod common;

use common::{
    CHECK, PASSWORD, Site,
    waiting::{count, start_waiting},
};
use http::StatusCode;
use leptos_guardian::{Reason, with_connection};
use server::config::COOKIE_NAME;
use std::sync::Arc;

async fn on_two_browsers(site: &Site) -> [String; 2] {
    let here = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let there = site.post("/api/sign_in", "", &fields).await;
    [here, there.cookie("session").unwrap()]
}

async fn execute(site: &Site, sql: &str) {
    leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query(sql).execute(pool).await.unwrap();
    });
}

#[tokio::test]
async fn a_password_is_not_changed_when_the_others_cannot_be_ended() {
    let site = Site::new().await;
    let [here, there] = on_two_browsers(&site).await;
    execute(&site, "alter table guardian_event rename to away").await;
    let fields = format!("current_password={PASSWORD}&password=a+new+password");
    let response = site.post("/api/change_password", &here, &fields).await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(site.who_is(&there).await.is_object());
    execute(&site, "alter table away rename to guardian_event").await;
    let old = format!("email=ada@example.com&password={PASSWORD}");
    let response = site.post("/api/sign_in", "", &old).await;
    assert_eq!(
        response.status,
        StatusCode::OK,
        "the old password still works"
    );
}

#[tokio::test]
async fn a_deleted_account_is_signed_out_everywhere_and_gone() {
    let site = Site::new().await;
    let [here, there] = on_two_browsers(&site).await;
    let wrong = site
        .post(
            "/api/delete_account",
            &here,
            "confirm_password=wrong+password",
        )
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.error().as_str()),
        (403, "not_deleted")
    );
    assert!(site.who_is(&there).await.is_object());

    let fields = format!("confirm_password={PASSWORD}");
    let response = site.submit("/api/delete_account", &here, &fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.location(), "/sign-in");
    assert_eq!(
        response.cookie("session").as_deref(),
        Some(format!("{COOKIE_NAME}-3000=").as_str()),
        "the cookie goes"
    );
    for cookie in [&here, &there] {
        assert!(site.who_is(cookie).await.is_null());
    }
    let page = site
        .get("/sign-in", &response.cookie("flash").unwrap())
        .await;
    assert!(page.body.contains("Your account is deleted."));
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let again = site.post("/api/sign_in", "", &fields).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);

    let fields = format!("confirm_password={PASSWORD}");
    let nobody = site.post("/api/delete_account", "", &fields).await;
    assert_eq!(nobody.error(), "signed_out");
}

/// Both know the old password. The slower one must not undo the faster one.
#[tokio::test]
async fn one_of_two_concurrent_password_changes_is_refused() {
    let site = Site::new().await;
    let [here, there] = on_two_browsers(&site).await;
    let change = async |cookie: &str, password: &str| {
        let fields = format!("current_password={PASSWORD}&password={password}");
        site.post("/api/change_password", cookie, &fields).await
    };
    let (one, other) = tokio::join!(
        change(&here, "the+first+password"),
        change(&there, "the+other+password"),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort();
    assert_eq!(statuses, [200, 403], "{} {}", one.body, other.body);
    let is_first = one.status == StatusCode::OK;
    let winner = if is_first { &one } else { &other };
    let winner = winner.cookie("session").unwrap();
    assert!(site.who_is(&winner).await.is_object());
    for old in [&here, &there] {
        assert!(site.who_is(old).await.is_null());
    }
}

/// The old password is checked before the change is committed, and the session begins afterwards.
/// The change does not end it.
#[tokio::test]
async fn a_sign_in_with_the_old_password_during_its_change_fails() {
    let site = Arc::new(Site::new().await);
    let old = site.sign_up("ada@example.com").await;
    let id = site.who_is(&old).await["id"].as_str().unwrap().to_owned();
    let mut change = site.guardian.begin().await.unwrap();
    with_connection!(change.connection(), connection => {
        let change = sqlx::query("update app_user set password_hash = 'another'");
        change.execute(&mut *connection).await.unwrap();
    });
    let ended = change.sign_out_user(&id, Reason::PasswordChange).await;
    assert_eq!(ended.unwrap().len(), 1);

    let asked = Arc::clone(&site);
    let sign_in = async move {
        let fields = format!("email=ada@example.com&password={PASSWORD}");
        asked.post("/api/sign_in", "", &fields).await
    };
    let sign_in = start_waiting(&site.guardian, &site.database, sign_in).await;
    change.commit().await.unwrap();

    let response = sign_in.await.unwrap();
    assert_eq!(response.error(), "wrong_credentials");
    assert_eq!(
        response.cookie("session").as_deref(),
        Some(format!("{COOKIE_NAME}-3000=").as_str())
    );
    assert_eq!(count(&site.database, "guardian_session").await, 0);
}

/// This browser gets a new token, so that a copy of the old one is worthless.
#[tokio::test]
async fn a_changed_password_revokes_copies_of_this_browsers_token() {
    let site = Site::new().await;
    let [here, there] = on_two_browsers(&site).await;
    let fields = format!("current_password={PASSWORD}&password=a+new+password");
    let response = site.submit("/api/change_password", &here, &fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.headers["cache-control"], "no-store");
    for old in [&here, &there] {
        assert!(site.who_is(old).await.is_null());
    }
    let new = response.cookie("session").unwrap();
    assert!(site.who_is(&new).await.is_object());
}

/// Before the page's program has arrived, a double click sends the form twice.
#[tokio::test]
async fn a_sign_up_that_is_sent_twice_signs_in() {
    let site = Site::new().await;
    let fields = format!("name=Ada&email=ada@example.com&password={PASSWORD}");
    let (first, second) = tokio::join!(
        site.submit("/api/sign_up", "", &fields),
        site.submit("/api/sign_up", "", &fields),
    );
    for response in [first, second] {
        assert_eq!(response.location(), CHECK);
        let cookie = response.cookie("session").unwrap();
        assert!(site.who_is(&cookie).await.is_object());
    }
    let wrong = "name=Eve&email=ada@example.com&password=not+the+right+one";
    let response = site.post("/api/sign_up", "", wrong).await;
    assert_eq!(
        (response.status, response.error().as_str()),
        (StatusCode::CONFLICT, "email_taken")
    );
    assert!(response.cookie("session").is_none());
}

#[tokio::test]
async fn a_name_shows_something() {
    let site = Site::new().await;
    for blank in [
        "%20",
        "%E2%80%8B",
        "%E3%85%A4%C2%A0",
        "%E2%A0%80",
        "%EF%BB%BF%E2%80%AE",
    ] {
        let fields = format!("name={blank}&email=ada@example.com&password={PASSWORD}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.error(), "name", "{blank}");
    }
}
