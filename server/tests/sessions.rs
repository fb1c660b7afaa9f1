//! `/account/sessions`, `/api/sessions`, ending one session, switching accounts.

mod common;

use common::{PASSWORD, Site};
use http::StatusCode;
use serde_json::{Value, json};

async fn sign_in(site: &Site, email: &str, cookie: &str) -> String {
    let fields = format!("email={email}&password={PASSWORD}");
    let response = site.post("/api/sign_in", cookie, &fields).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    response.cookie("session").unwrap()
}

async fn handles(site: &Site, cookie: &str) -> Vec<String> {
    let listed = site.post("/api/sessions", cookie, "").await.json();
    let handle = |session: &Value| session["handle"].as_str().unwrap().to_owned();
    let sessions = listed["sessions"].as_array().unwrap();
    sessions.iter().map(handle).collect()
}

/// What a page's form says of whom the page shows.
async fn shown_user(site: &Site, page: &str, cookie: &str) -> String {
    let page = site.get(page, cookie).await.body;
    let (_, field) = page
        .split_once(r#"<input type="hidden" name="shown_user" value=""#)
        .expect("a form");
    field.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_script_gets_the_list_as_json() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    sign_in(&site, "ada@example.com", "").await;
    let response = site.post("/api/sessions", &here, "").await;
    let listed = &response.json()["sessions"];
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["is_current"], true);
    assert_eq!(listed[0]["ip"], "192.0.2.1");
    assert_eq!(listed[0]["method"], "password");
    assert!(!response.body.contains(here.split_once('=').unwrap().1));

    let nobody = site.post("/api/sessions", "", "").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.error(), "signed_out");
}

/// The site works without JavaScript: the page has the list, and a form for each session.
#[tokio::test]
async fn the_page_lists_and_ends_sessions_without_javascript() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    let there = sign_in(&site, "ada@example.com", "").await;
    let page = site.get("/account/sessions", &here).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("This device"));
    assert_eq!(page.body.matches(">End<").count(), 1, "{}", page.body);
    assert!(!page.body.contains(there.split_once('=').unwrap().1));
    let other = &handles(&site, &here).await[1];
    assert!(
        page.body
            .contains(&format!("name=\"session\" value=\"{other}\""))
    );

    let fields = format!("session={other}&scope=local&redirect=false");
    let response = site.submit("/api/sign_out", &here, &fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(
        response.location(),
        "/some-page",
        "back to where the form was"
    );
    assert!(site.who_is(&there).await.is_null());
    assert!(site.who_is(&here).await.is_object());
}

#[tokio::test]
async fn a_list_that_cannot_be_loaded_says_so_on_the_page() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    leptos_guardian::with_pool!(&site.database, pool => {
        let broken = sqlx::query("alter table guardian_session rename column user_agent to away");
        broken.execute(pool).await.unwrap();
    });
    let page = site.get("/account/sessions", &here).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("could not be loaded"), "{}", page.body);
    assert!(page.body.contains("Try again"));
    assert!(!page.body.contains("This device"));
}

/// The retry after a failed sign-out ends the same session.
#[tokio::test]
async fn a_failure_to_end_one_session_leads_to_a_form_that_tries_again() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    let there = sign_in(&site, "ada@example.com", "").await;
    let other = &handles(&site, &here).await[1];
    let rename = async |from: &str, to: &str| {
        let rename = format!("alter table {from} rename to {to}");
        leptos_guardian::with_pool!(&site.database, pool => {
            sqlx::query(&rename).execute(pool).await.unwrap();
        });
    };
    rename("guardian_event", "away").await;
    let fields = format!("session={other}&redirect=false");
    let response = site.submit("/api/sign_out", &here, &fields).await;
    assert_eq!(
        response.location(),
        format!("/sign-out?error=unavailable&scope=local&session={other}")
    );
    assert!(
        response.cookie("session").is_none(),
        "this browser stays signed in"
    );

    let page = site.get(response.location(), &here).await;
    assert!(
        page.body.contains("could not end the sessions"),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains(&format!("name=\"session\" value=\"{other}\""))
    );
    rename("away", "guardian_event").await;
    site.submit("/api/sign_out", &here, &fields).await;
    assert!(site.who_is(&there).await.is_null());
}

#[tokio::test]
async fn accounts_are_added_and_switched_by_forms() {
    let site = Site::new().await;
    site.sign_up("bob@example.com").await;
    let cookie = site.sign_up("ada@example.com").await;
    let cookie = sign_in(&site, "bob@example.com", &cookie).await;
    let who = site.who_is(&cookie).await;
    assert_eq!(who["profile"]["email"], "bob@example.com");
    assert_eq!(who["others"][0]["profile"]["email"], "ada@example.com");
    let page = site.get("/", &cookie).await;
    assert!(page.body.contains("Switch to"), "the menu is in the page");
    assert!(page.body.contains("Sign out of all accounts"));

    let fields = format!("session={}", who["others"][0]["session"].as_str().unwrap());
    let response = site.submit("/api/switch_account", &cookie, &fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.location(), "/some-page");
    assert!(
        site.who_is(&cookie).await.is_null(),
        "the old cookie signs nobody in"
    );
    let cookie = response.cookie("session").unwrap();
    assert_eq!(
        site.who_is(&cookie).await["profile"]["email"],
        "ada@example.com"
    );

    let unknown = site
        .post("/api/switch_account", &cookie, "session=nonsense")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.error(), "unknown_account");
}

/// A double click sends the form twice. A page may also be older than what another tab has done.
#[tokio::test]
async fn a_form_signs_out_no_other_account_than_its_page_has_shown() {
    for (page, scope) in [
        ("/", "local"),
        ("/account/sessions", "global"),
        ("/account/sessions", "others"),
    ] {
        let site = Site::new().await;
        let ada = site.sign_up("ada@example.com").await;
        let bob_elsewhere = site.sign_up("bob@example.com").await;
        let browser = sign_in(&site, "bob@example.com", &ada).await;
        let browser = sign_in(&site, "ada@example.com", &browser).await;
        let shown = shown_user(&site, page, &browser).await;
        let fields = format!("scope={scope}&shown_user={shown}");

        let first = site.submit("/api/sign_out", &browser, &fields).await;
        let second = site.submit("/api/sign_out", &browser, &fields).await;
        assert_eq!(second.status, StatusCode::SEE_OTHER);
        assert_eq!(second.location(), first.location(), "{scope}");
        let left = site.who_is(&browser).await;
        let expected = if scope == "others" { "ada" } else { "bob" };
        assert_eq!(left["profile"]["email"], format!("{expected}@example.com"));
        assert_eq!(
            site.who_is(&bob_elsewhere).await["profile"]["email"],
            "bob@example.com"
        );
    }
}

/// Another tab has switched, which the form's page does not know.
#[tokio::test]
async fn a_form_signs_out_the_account_that_its_page_has_shown() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    let before = site.who_is(&ada).await;
    let shown = shown_user(&site, "/", &ada).await;
    site.sign_up("bob@example.com").await;
    let browser = sign_in(&site, "bob@example.com", &ada).await;
    let fields = format!("shown_user={shown}");
    let response = site.post("/api/sign_out", &browser, &fields).await;
    assert_eq!(response.json()["ended"], json!([before["session"]]));
    let left = site.who_is(&browser).await;
    assert_eq!(left["profile"]["email"], "bob@example.com");
    assert_eq!(left["others"], json!([]));

    let all = format!("scope=browser&{fields}");
    site.post("/api/sign_out", &browser, &all).await;
    assert!(site.who_is(&browser).await.is_null());
}

/// The user has signed in again since, in another tab.
#[tokio::test]
async fn a_form_signs_out_a_later_session_of_the_user_whom_its_page_has_shown() {
    let site = Site::new().await;
    let before = site.sign_up("ada@example.com").await;
    let shown = shown_user(&site, "/", &before).await;
    let browser = sign_in(&site, "ada@example.com", &before).await;
    let fields = format!("shown_user={shown}");
    site.submit("/api/sign_out", &browser, &fields).await;
    assert!(site.who_is(&browser).await.is_null());
}

#[tokio::test]
async fn the_sixth_account_is_one_too_many() {
    let site = Site::new().await;
    site.sign_up("sixth@example.com").await;
    let mut cookie = String::new();
    for n in 0..5 {
        let fields = format!("name=Ada&email=ada{n}@example.com&password={PASSWORD}");
        let response = site.post("/api/sign_up", &cookie, &fields).await;
        cookie = response.cookie("session").unwrap();
    }
    let fields = format!("email=sixth@example.com&password={PASSWORD}");
    let response = site.post("/api/sign_in", &cookie, &fields).await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(response.json()["limit"], 5);
    let page = site.submit("/api/sign_in", &cookie, &fields).await;
    let flash = page.cookie("flash").unwrap();
    let page = site
        .get(page.location(), &format!("{cookie}; {flash}"))
        .await;
    assert!(
        page.body.contains("already has 5 accounts"),
        "{}",
        page.body
    );

    // A sign-up that is refused leaves no account behind, either.
    let fields = format!("name=Ada&email=seventh@example.com&password={PASSWORD}");
    let response = site.post("/api/sign_up", &cookie, &fields).await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(response.json()["limit"], 5);
    site.post("/api/sign_out", &cookie, "").await;
    let response = site.post("/api/sign_up", &cookie, &fields).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}
