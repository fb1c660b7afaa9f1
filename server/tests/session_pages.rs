//! The list of sessions, page by page: `/api/sessions` and the page, without JavaScript.

mod common;

use common::{Site, TestResponse};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The largest page of the list, in bytes, for any number of sessions.
const PAGE_LIMIT: usize = 150_000;

async fn page(site: &Site, cookie: &str, fields: &str) -> Value {
    let response = site.post("/api/sessions", cookie, fields).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    response.json()
}

fn handles(page: &Value) -> Vec<String> {
    let sessions = page["sessions"].as_array().unwrap().iter();
    let handle = |session: &Value| session["handle"].as_str().unwrap().to_owned();
    sessions.map(handle).collect()
}

/// The target of the page's link with these words.
fn link<'a>(page: &'a TestResponse, words: &str) -> Option<&'a str> {
    let (before, _) = page.body.split_once(&format!(">{words}<"))?;
    let (_, address) = before.rsplit_once("href=\"")?;
    address.split('"').next()
}

/// Follows a link of a page, as a browser does.
async fn follow(site: &Site, cookie: &str, path: &str, link: &str) -> TestResponse {
    let link = link.replace("&amp;", "&");
    let (query, fragment) = link.split_once('#').unwrap();
    assert_eq!(fragment, "guardian-sessions");
    let page = site.get(&format!("{path}{query}"), cookie).await;
    assert!(page.body.contains("id=\"guardian-sessions\""));
    page
}

fn lines(page: &TestResponse) -> usize {
    page.body.matches("class=\"guardian-session\"").count()
}

#[tokio::test]
async fn a_script_reads_the_list_page_by_page() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    site.add_sessions(119).await;
    let first = page(&site, &ada, "").await;
    assert_eq!(first["sessions"][0]["is_current"], true);
    let mut listed = handles(&first);
    let mut next = first["next"].clone();
    while let Some(after) = next.as_str() {
        let page = page(&site, &ada, &format!("after={after}")).await;
        assert!(handles(&page).len() <= 50);
        listed.extend(handles(&page));
        next = page["next"].clone();
    }
    assert_eq!(next, json!(null));
    assert_eq!(listed.len(), 120);
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>().len(), 120);
    assert_eq!(
        page(&site, &ada, "after=").await,
        first,
        "an empty field is a missing one"
    );
}

#[tokio::test]
async fn an_unknown_place_in_the_list_is_a_400() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    for after in [
        "2",
        "nonsense",
        "1.",
        ".a",
        "1.%00",
        "1.%27",
        "1.a&after=2.b",
        "1e3.a",
    ] {
        let response = site
            .post("/api/sessions", &ada, format!("after={after}"))
            .await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{after}");
        assert_eq!(response.error(), "malformed", "{after}");
    }
    let page = site.get("/account/sessions?after=nonsense", &ada).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("could not be loaded"), "{}", page.body);
    let back = link(&page, "Back to the first").unwrap();
    let first = follow(&site, &ada, "/account/sessions", back).await;
    assert!(first.body.contains("This device"));
}

#[tokio::test]
async fn links_lead_through_the_pages_and_back() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    let path = "/account/sessions";
    let only = site.get(path, &ada).await;
    assert_eq!(
        (link(&only, "Show more"), link(&only, "Back to the first")),
        (None, None)
    );

    site.add_sessions(119).await;
    let first = site.get(&format!("{path}?tab=a%26b"), &ada).await;
    assert_eq!(lines(&first), 50);
    assert!(first.body.contains("This device"));
    assert_eq!(link(&first, "Back to the first"), None);
    let more = link(&first, "Show more").unwrap();
    assert!(more.starts_with("?tab=a%26b&amp;after="), "{more}");
    let second = follow(&site, &ada, path, more).await;
    assert_eq!(lines(&second), 50);
    assert!(!second.body.contains("This device"));
    let third = follow(&site, &ada, path, link(&second, "Show more").unwrap()).await;
    assert_eq!(lines(&third), 20);
    assert_eq!(link(&third, "Show more"), None);
    let back = link(&third, "Back to the first").unwrap();
    assert_eq!(back, "?tab=a%26b#guardian-sessions");
    let back = follow(&site, &ada, path, back).await;
    assert!(back.body.contains("This device"));
}

/// The form leads back to its page, which still begins at the same place.
#[tokio::test]
async fn a_session_of_a_later_page_can_be_ended_there() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    site.add_sessions(60).await;
    let after = page(&site, &ada, "").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/account/sessions?after={after}");
    let later = handles(&page(&site, &ada, &format!("after={after}")).await);
    assert_eq!(later.len(), 11);
    for handle in &later {
        let request = Request::post("/api/sign_out")
            .header("cookie", &ada)
            .header("accept", "text/html")
            .header("referer", format!("http://127.0.0.1:3000{path}"));
        let fields = format!("session={handle}&scope=local&redirect=false");
        let response = site.send(request, fields).await;
        assert_eq!(response.location(), path);
        let page = site.get(&path, &ada).await;
        assert!(
            !page.body.contains(&format!("\"{handle}\"")),
            "it is still shown"
        );
    }
    let empty = site.get(&path, &ada).await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.body.contains("No more sessions."), "{}", empty.body);
    assert!(link(&empty, "Back to the first").is_some());
}

#[tokio::test]
async fn a_page_is_small_however_many_sessions_there_are() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    site.add_sessions(10_000).await;
    let html = site.get("/account/sessions", &ada).await;
    assert!(html.body.len() < PAGE_LIMIT, "{} bytes", html.body.len());
    let json = site.post("/api/sessions", &ada, "").await;
    assert!(json.body.len() < PAGE_LIMIT, "{} bytes", json.body.len());
    let response = site.post("/api/sign_out", &ada, "scope=global").await;
    assert_eq!(response.json()["ended"].as_array().unwrap().len(), 10_001);
    assert!(site.who_is(&ada).await.is_null());
}
