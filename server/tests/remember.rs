//! "Stay signed in": how long a browser keeps its session after a sign-in or a sign-up.

mod common;

use common::{CHECK, PASSWORD, Site, TestResponse};
use http::StatusCode;
use leptos_guardian::server::Overflow;

/// Whether the browser keeps the session when it is closed.
fn is_remembered(response: &TestResponse) -> bool {
    let cookie = response.set_cookie("session").expect("a session");
    cookie.contains("Max-Age=")
}

/// What the form of this page sends for its box.
fn box_of(page: &str, is_checked: bool) -> &'static str {
    assert!(
        page.contains(r#"name="offers_remember" value="true""#),
        "{page}"
    );
    assert!(page.contains(r#"type="checkbox" id="remember" name="remember" value="true""#));
    if is_checked {
        "offers_remember=true&remember=true"
    } else {
        "offers_remember=true"
    }
}

fn is_checked(page: &str) -> bool {
    let (_, page) = page.split_once(r#"id="remember""#).expect("the box");
    page.split_once('>').unwrap().0.contains("checked")
}

#[tokio::test]
async fn a_script_says_whether_it_is_remembered_and_is_unless_it_says_otherwise() {
    let site = Site::new().await;
    for (n, (field, expected)) in [
        ("", true),
        ("&remember=true", true),
        ("&remember=false", false),
        ("&remember=true&offers_remember=true", true),
    ]
    .into_iter()
    .enumerate()
    {
        let fields = format!("name=Ada&email=ada{n}@example.com&password={PASSWORD}{field}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        assert_eq!(is_remembered(&response), expected, "{field}");
        let fields = format!("email=ada{n}@example.com&password={PASSWORD}{field}");
        let response = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        assert_eq!(is_remembered(&response), expected, "{field}");
        assert!(
            site.who_is(&response.cookie("session").unwrap())
                .await
                .is_object()
        );
    }
    for field in [
        "remember=maybe",
        "remember=false&remember=true",
        "offers_remember=2",
    ] {
        let fields = format!("email=ada0@example.com&password={PASSWORD}&{field}");
        let response = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{field}");
        assert_eq!(response.error(), "malformed");
    }
}

#[tokio::test]
async fn a_form_does_what_its_box_shows() {
    let site = Site::new().await;
    let page = site.get("/sign-up", "").await.body;
    assert!(is_checked(&page));
    for (email, checked) in [("ada@example.com", true), ("bob@example.com", false)] {
        let fields = format!("name=Ada&email={email}&password={PASSWORD}&");
        let fields = fields + box_of(&page, checked);
        let response = site.submit("/api/sign_up", "", &fields).await;
        assert_eq!(response.location(), CHECK);
        assert_eq!(is_remembered(&response), checked);
    }
    let page = site.get("/sign-in", "").await.body;
    assert!(is_checked(&page));
    for checked in [true, false] {
        let fields = format!("email=ada@example.com&password={PASSWORD}&");
        let fields = fields + box_of(&page, checked);
        let response = site.submit("/api/sign_in", "", &fields).await;
        assert_eq!(response.location(), CHECK);
        assert_eq!(is_remembered(&response), checked);
    }
    // A page of an earlier version has no box.
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let response = site.submit("/api/sign_in", "", &fields).await;
    assert!(is_remembered(&response));
}

#[tokio::test]
async fn a_form_that_is_not_accepted_keeps_its_box_as_it_was() {
    let site = Site::new().await;
    for (form, path, other_fields) in [
        (
            "/api/sign_in",
            "/sign-in",
            "email=ada@example.com&password=wrong",
        ),
        (
            "/api/sign_up",
            "/sign-up",
            "name=Ada&email=ada@example.com&password=short",
        ),
    ] {
        let mut page = site.get(path, "").await.body;
        for checked in [false, true, false] {
            let fields = format!("{other_fields}&{}", box_of(&page, checked));
            let response = site.submit(form, "", &fields).await;
            assert_eq!(response.location(), path);
            page = site
                .get(path, &response.cookie("flash").unwrap())
                .await
                .body;
            assert!(page.contains(r#"role="alert""#));
            assert_eq!(is_checked(&page), checked, "{path}");
        }
    }
}

#[tokio::test]
async fn a_sign_in_beyond_the_limit_on_sessions_is_refused_in_a_sentence() {
    let site = Site::with(&[], |builder| {
        builder.sessions_per_user(1, Overflow::Refuse)
    })
    .await;
    let first = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let refused = site.post("/api/sign_in", "", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.error(), "too_many_sessions");
    assert_eq!(refused.json()["limit"], 1);
    let sentence = refused.json()["message"].to_string();
    assert!(sentence.contains("Sign out on one of them first."));
    let response = site.submit("/api/sign_in", "", &fields).await;
    assert_eq!(response.location(), "/sign-in");
    assert!(response.cookie("session").is_none());
    let page = site
        .get("/sign-in", &response.cookie("flash").unwrap())
        .await;
    assert!(
        page.body.contains("Sign out on one of them first."),
        "{}",
        page.body
    );
    assert!(site.who_is(&first).await.is_object());
}

#[tokio::test]
async fn the_oldest_session_ends_where_the_site_says_so() {
    let site = Site::with(&[], |builder| {
        builder.sessions_per_user(1, Overflow::EndOldest)
    })
    .await;
    let first = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let second = site.post("/api/sign_in", "", &fields).await;
    assert_eq!(second.status, StatusCode::OK);
    assert!(site.who_is(&first).await.is_null());
    assert!(
        site.who_is(&second.cookie("session").unwrap())
            .await
            .is_object()
    );
    let page = site.get("/sign-in?reason=session_limit", "").await;
    assert!(
        page.body.contains("this session was one too many"),
        "{}",
        page.body
    );
}
