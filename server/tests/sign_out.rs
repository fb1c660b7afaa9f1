//! `/api/sign_out` from a form, from a script, and from an attacker.

mod common;

use common::Site;
use http::{Request, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_form_is_redirected_and_the_old_cookie_signs_nobody_in() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    assert_eq!(site.who_is(&cookie).await["profile"]["name"], "Ada");
    let response = site
        .submit("/api/sign_out", &cookie, "callback_url=/sign-in%3Fbye")
        .await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.location(), "/sign-in?bye");
    assert_eq!(site.who_is(&cookie).await, json!(null));
}

#[tokio::test]
async fn a_script_gets_json() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let response = site.post("/api/sign_out", &cookie, "").await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(!response.headers.contains_key("location"));
    let body = response.json();
    assert_eq!(
        (&body["scope"], &body["url"]),
        (&json!("local"), &json!("/"))
    );
    assert_eq!(body["ended"].as_array().unwrap().len(), 1);
    let again = site.post("/api/sign_out", &cookie, "redirect=false").await;
    assert_eq!(
        again.json(),
        json!({"scope": "local", "ended": [], "events": [], "url": null})
    );
}

#[tokio::test]
async fn a_get_shows_the_page_and_changes_nothing() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let page = site.get("/sign-out", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("You are signed in as"));
    let api = site.get("/api/sign_out", &cookie).await;
    assert_eq!(api.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(site.who_is(&cookie).await["profile"]["name"], "Ada");
}

#[tokio::test]
async fn a_post_from_another_site_is_refused() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let request = Request::post("/api/sign_out")
        .header("cookie", &cookie)
        .header("sec-fetch-site", "cross-site");
    let response = site.send(request, "").await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    assert_eq!(site.who_is(&cookie).await["profile"]["name"], "Ada");
}

#[tokio::test]
async fn a_bad_callback_url_stops_no_sign_out() {
    let site = Site::new().await;
    for url in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
        "/%0D%0ALocation:%20https://evil.example",
        "%00",
        "",
    ] {
        let cookie = site.sign_up(&format!("ada{}@example.com", url.len())).await;
        let fields = format!("callback_url={url}");
        let response = site.submit("/api/sign_out", &cookie, &fields).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{url}");
        assert!(response.location().starts_with('/'), "{url}");
        assert!(!response.location().starts_with("//"), "{url}");
        assert_eq!(site.who_is(&cookie).await, json!(null), "{url}");
    }
}

#[tokio::test]
async fn invalid_fields_are_a_400() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    for fields in [
        "scope=everything",
        "redirect=perhaps",
        "scope=local&scope=global",
        "scope=%ff",
        // PostgreSQL stores no such byte.
        "session=%00",
        "session=a%20b",
    ] {
        let response = site.post("/api/sign_out", &cookie, fields).await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{fields}");
        assert_eq!(response.error(), "malformed", "{fields}");
    }
    assert_eq!(site.who_is(&cookie).await["profile"]["name"], "Ada");
}

#[tokio::test]
async fn a_form_that_asked_to_stay_goes_back_to_its_page() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let response = site
        .submit("/api/sign_out", &cookie, "redirect=false")
        .await;
    assert_eq!(response.location(), "/some-page");
}

/// Leptos redirects a form to the `Referer`. A client can choose it, so it is checked.
#[tokio::test]
async fn the_referer_leads_to_no_other_site() {
    let site = Site::new().await;
    for (fields, location) in [
        ("redirect=false", "/"),
        ("scope=everything", "/sign-out?error=malformed"),
    ] {
        let request = Request::post("/api/sign_out")
            .header("accept", "text/html")
            .header("referer", "https://evil.example/");
        let response = site.send(request, fields).await;
        assert_eq!(response.location(), location, "{fields}");
    }
    let request = Request::post("/api/session")
        .header("accept", "text/html")
        .header("referer", "https://evil.example/");
    assert_eq!(site.send(request, "").await.location(), "/");
}

/// No failure looks like a success: the page says what happened, and its form tries again.
#[tokio::test]
async fn a_form_and_a_script_learn_that_the_database_is_away() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    site.database.close().await;
    let response = site.post("/api/sign_out", &cookie, "").await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    let message = "You are signed out in this browser, but the server could not end the session. Please try again.";
    assert_eq!(
        response.json(),
        json!({"error": "unavailable", "signed_out_here": true, "message": message})
    );
    let fields = "scope=global&callback_url=/bye";
    let response = site.submit("/api/sign_out", &cookie, fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    let page = site
        .get(response.location(), &response.cookie("unrevoked").unwrap())
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("could not end the session"),
        "{}",
        page.body
    );
    assert!(page.body.contains(r#"value="/bye""#), "{}", page.body);
    let long = format!("callback_url=/{}", "%2F".repeat(1000));
    let response = site.submit("/api/sign_out", &cookie, &long).await;
    assert_eq!(
        response.location(),
        "/sign-out?error=unavailable&scope=local",
        "a failure is shown even if the callback URL is too long to keep"
    );
    assert_eq!(
        site.get("/", &cookie).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}
