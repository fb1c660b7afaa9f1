//! The pages, as the server renders them.

mod common;

use common::Site;
use http::StatusCode;

#[tokio::test]
async fn every_page_renders_for_a_visitor_and_for_a_user() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    for (path, visitor) in [
        ("/", StatusCode::OK),
        ("/sign-up", StatusCode::OK),
        ("/sign-in", StatusCode::OK),
        ("/sign-out", StatusCode::OK),
        ("/account", StatusCode::SEE_OTHER),
    ] {
        assert_eq!(site.get(path, "").await.status, visitor, "{path}");
        let page = site.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("Account of </span>"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_private_page_leads_to_the_sign_in_page_and_back() {
    let site = Site::new().await;
    let response = site.get("/account?tab=password", "").await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(
        response.location(),
        "/sign-in?callback_url=%2Faccount%3Ftab%3Dpassword"
    );
    assert!(!response.body.contains("Change password"));
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    for path in ["/account/", "/account/sessions/", "/sign-in/?a=b"] {
        let page = site.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
    }
    for (path, expected) in [
        ("/account//", "/account"),
        ("/account/sessions//?a=b", "/account/sessions?a=b"),
        ("///", "/"),
    ] {
        let response = site.get(path, &cookie).await;
        assert_eq!(response.status, StatusCode::PERMANENT_REDIRECT, "{path}");
        assert_eq!(response.location(), expected, "{path}");
    }
    for path in [
        "/no-such-page/",
        "//account",
        "//evil.example/",
        "/\\evil.example//",
    ] {
        let page = site.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.headers.contains_key("location"), "{path}");
    }
    let private = site.get("/account/", "").await;
    assert_eq!(private.location(), "/sign-in?callback_url=%2Faccount");
    let response = site.post("/api/sign_out/", &cookie, "").await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(site.who_is(&cookie).await.is_null());
}

/// A password manager would otherwise save the new password for another account, or none.
#[tokio::test]
async fn forms_for_a_password_name_its_user_to_password_managers() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    for (path, forms) in [("/account", 2), ("/confirm", 1)] {
        let page = site.get(path, &cookie).await.body;
        let hints: Vec<&str> = page
            .split('<')
            .filter(|tag| tag.contains(r#"autocomplete="username""#))
            .collect();
        assert_eq!(hints.len(), forms, "{path}");
        for hint in hints {
            assert!(hint.contains(r#"value="ada@example.com""#), "{hint}");
            assert!(hint.contains("hidden") && !hint.contains("name="), "{hint}");
        }
    }
}

#[tokio::test]
async fn an_unknown_page_is_a_404() {
    let site = Site::new().await;
    let response = site.get("/no-such-page", "").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert!(response.body.contains("Not found"));
}

#[tokio::test]
async fn a_nonsense_cookie_signs_nobody_in() {
    let site = Site::new().await;
    for cookie in [
        concat!(env!("LEPTOS_OUTPUT_NAME"), "_session-3000="),
        concat!(env!("LEPTOS_OUTPUT_NAME"), "_session-3000=nonsense"),
        concat!(
            env!("LEPTOS_OUTPUT_NAME"),
            "_session-3000=x; ",
            env!("LEPTOS_OUTPUT_NAME"),
            "_session-3000=%00"
        ),
        "=;;;=",
        "flash-3000=x",
    ] {
        let response = site.get("/sign-in", cookie).await;
        assert_eq!(response.status, StatusCode::OK, "{cookie}");
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let site = Site::new().await;
    for path in [
        "/",
        "/account",
        "/no-such-page",
        "/api/sign_out",
        "/pkg/nothing.js",
    ] {
        let headers = site.get(path, "").await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
    }
}

#[tokio::test]
async fn the_components_stylesheet_is_where_the_page_says() {
    let site = Site::new().await;
    let page = site.get("/", "").await.body;
    let start = page.find("/guardian/").unwrap();
    let path = &page[start..start + page[start..].find('"').unwrap()];
    let css = site.get(path, "").await;
    assert_eq!(css.status, StatusCode::OK);
    assert_eq!(css.headers["content-type"], "text/css; charset=utf-8");
    assert!(
        css.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
}
