//! What a cache in front of the site may store, and for whom.

mod common;

use axum::{
    Router,
    http::HeaderName,
    response::{IntoResponse, Redirect},
    routing::get,
};
use common::{Browser, Site, TestResponse};
use http::{StatusCode, header};
use leptos_guardian::server::Auth;
use tower_sessions::Session;

const ONE_MINUTE: &str = "public, max-age=60";

/// A site with every kind of response.
struct CachingSite {
    site: Site,
    router: Router,
}

impl CachingSite {
    async fn new() -> Self {
        let site = Site::new().await;
        let router = Router::new()
            .route("/page", get("a page"))
            .route("/redirect", get(Redirect::to("/elsewhere")))
            .route("/unchanged", get(StatusCode::NOT_MODIFIED))
            .route("/broken", get(StatusCode::INTERNAL_SERVER_ERROR))
            .route(
                "/own",
                get(([(header::CACHE_CONTROL, ONE_MINUTE)], "for a minute")),
            )
            .route(
                "/modified",
                get(([(header::LAST_MODIFIED, DATE)], "a page")),
            )
            .route("/file", get((file(), "a file")))
            .route("/same-file", get((StatusCode::NOT_MODIFIED, file())))
            .route("/my-file", get(async |_: Auth| (file(), "a user's file")))
            .route("/remembered-file", get(remembered_file))
            .route("/remember", get(remember))
            .route("/remember-own", get(remember_own))
            .route("/varied", get(varied));
        Self {
            router: site.guardian.protect(router),
            site,
        }
    }

    fn visitor(&self) -> Browser {
        Browser::new(&self.router)
    }

    async fn user(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            ..self.site.signed_in("ada").await
        }
    }
}

const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

fn file() -> [(HeaderName, &'static str); 2] {
    [
        (header::LAST_MODIFIED, DATE),
        (header::ACCEPT_RANGES, "bytes"),
    ]
}

async fn remembered_file(session: Session) -> impl IntoResponse {
    let word: Option<String> = session.get("word").await.unwrap();
    (file(), word.unwrap_or_default())
}

async fn remember(session: Session) {
    session.insert("word", "pear").await.unwrap();
}

async fn remember_own(session: Session) -> impl IntoResponse {
    remember(session).await;
    [(header::CACHE_CONTROL, ONE_MINUTE)]
}

async fn varied() -> impl IntoResponse {
    let mut response = "in a language".into_response();
    for line in ["Accept-Language", "accept, Accept-Encoding"] {
        let line = line.parse().unwrap();
        response.headers_mut().append(header::VARY, line);
    }
    response
}

fn header_lines(response: &TestResponse, name: HeaderName) -> Vec<&str> {
    let values = response.headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[track_caller]
fn assert_caching(response: &TestResponse, cache_control: &str, what: &str) {
    assert_eq!(
        header_lines(response, header::CACHE_CONTROL),
        [cache_control],
        "{what}"
    );
    assert_eq!(header_lines(response, header::VARY), ["cookie"], "{what}");
}

#[tokio::test]
async fn responses_that_may_differ_by_visitor_say_so() {
    let site = CachingSite::new().await;
    for path in [
        "/page",
        "/redirect",
        "/unchanged",
        "/broken",
        "/modified",
        "/no-such-page",
        "/my-file",
        "/guardian/events",
    ] {
        let response = site.visitor().get(path).await;
        assert_caching(&response, "no-cache", path);
        if path != "/guardian/events" {
            let response = site.user().await.get(path).await;
            assert_caching(&response, "no-store", path);
        }
    }
    let refused = site.visitor().post("/page").await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_caching(&refused, "no-cache", "a method that does not exist");
}

#[tokio::test]
async fn a_handler_can_set_cache_control_but_vary_still_names_the_cookie() {
    let site = CachingSite::new().await;
    for mut browser in [site.visitor(), site.user().await] {
        assert_caching(&browser.get("/own").await, ONE_MINUTE, "/own");
    }
}

#[tokio::test]
async fn a_file_is_the_same_for_everybody() {
    let site = CachingSite::new().await;
    for mut browser in [site.visitor(), site.user().await] {
        for path in ["/file", "/same-file"] {
            let response = browser.get(path).await;
            assert_eq!(
                header_lines(&response, header::LAST_MODIFIED),
                [DATE],
                "{path}"
            );
            assert!(
                header_lines(&response, header::CACHE_CONTROL).is_empty(),
                "{path}"
            );
            assert!(header_lines(&response, header::VARY).is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_for_one_visitor_is_not_shared() {
    let site = CachingSite::new().await;
    let mut visitor = site.visitor();
    visitor.get("/remember").await;
    assert_eq!(visitor.cookies.len(), 1);
    let response = visitor.get("/remembered-file").await;
    assert_eq!(response.body, "pear");
    assert_caching(&response, "no-cache", "a file from the visitor's data");
    let response = site.user().await.get("/my-file").await;
    assert_caching(&response, "no-store", "a file for a user");
}

#[tokio::test]
async fn a_response_that_sets_a_cookie_is_not_stored() {
    let site = CachingSite::new().await;
    for path in ["/remember", "/remember-own"] {
        let response = site.visitor().get(path).await;
        assert_eq!(response.set_cookies().len(), 1, "{path}");
        assert_caching(&response, "no-store", path);
    }
}

/// nginx before 1.23 reads only the last of several lines.
#[tokio::test]
async fn the_cookie_is_added_to_vary_in_one_line() {
    let site = CachingSite::new().await;
    let response = site.visitor().get("/varied").await;
    let expected = "Accept-Language, accept, Accept-Encoding, cookie";
    assert_eq!(header_lines(&response, header::VARY), [expected]);
}

#[tokio::test]
async fn vary_names_the_cookie_only_once() {
    let site = Site::new().await;
    for line in ["Cookie", "accept, COOKIE", "*"] {
        let page = get(([(header::VARY, line)], "a page"));
        let router = site.guardian.protect(Router::new().route("/", page));
        let response = Browser::new(&router).get("/").await;
        assert_eq!(header_lines(&response, header::VARY), [line]);
    }
}

#[tokio::test]
async fn a_failed_session_check_is_not_stored() {
    let site = CachingSite::new().await;
    let mut user = site.user().await;
    site.site.database.close().await;
    let response = user.get("/page").await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_caching(&response, "no-store", "the database is away");
}
