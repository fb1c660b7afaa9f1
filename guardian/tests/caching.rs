//! What a cache before the site may keep, and for whom.

mod common;

use axum::{
    Router,
    http::HeaderName,
    response::{IntoResponse, Redirect},
    routing::get,
};
use common::{Answer, Browser, Site};
use http::{StatusCode, header};
use leptos_guardian::server::Auth;
use tower_sessions::Session;

const AGE: &str = "public, max-age=60";

/// A site with routes of every kind.
struct Kinds {
    site: Site,
    router: Router,
}

impl Kinds {
    async fn new() -> Self {
        let site = Site::new().await;
        let router = Router::new()
            .route("/page", get("a page"))
            .route("/redirect", get(Redirect::to("/elsewhere")))
            .route("/unchanged", get(StatusCode::NOT_MODIFIED))
            .route("/broken", get(StatusCode::INTERNAL_SERVER_ERROR))
            .route(
                "/own",
                get(([(header::CACHE_CONTROL, AGE)], "for a minute")),
            )
            .route(
                "/modified",
                get(([(header::LAST_MODIFIED, DATE)], "a page")),
            )
            .route("/file", get((file(), "a file")))
            .route("/same-file", get((StatusCode::NOT_MODIFIED, file())))
            .route("/my-file", get(async |_: Auth| (file(), "a user's file")))
            .route("/kept-file", get(kept_file))
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
        let cookies = self.site.signed_in("ada").await.cookies;
        let router = self.router.clone();
        Browser { router, cookies }
    }
}

const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

fn file() -> [(HeaderName, &'static str); 2] {
    [
        (header::LAST_MODIFIED, DATE),
        (header::ACCEPT_RANGES, "bytes"),
    ]
}

async fn kept_file(session: Session) -> impl IntoResponse {
    let word: Option<String> = session.get("word").await.unwrap();
    (file(), word.unwrap_or_default())
}

async fn remember(session: Session) {
    session.insert("word", "pear").await.unwrap();
}

async fn remember_own(session: Session) -> impl IntoResponse {
    remember(session).await;
    [(header::CACHE_CONTROL, AGE)]
}

async fn varied() -> impl IntoResponse {
    let mut response = "in a language".into_response();
    for line in ["Accept-Language", "accept, Accept-Encoding"] {
        let line = line.parse().unwrap();
        response.headers_mut().append(header::VARY, line);
    }
    response
}

fn says(answer: &Answer, name: HeaderName) -> Vec<&str> {
    let values = answer.headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[track_caller]
fn assert_says(answer: &Answer, caching: &str, what: &str) {
    assert_eq!(says(answer, header::CACHE_CONTROL), [caching], "{what}");
    assert_eq!(says(answer, header::VARY), ["cookie"], "{what}");
}

#[tokio::test]
async fn whatever_may_differ_by_visitor_says_so() {
    let site = Kinds::new().await;
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
        let answer = site.visitor().get(path).await;
        assert_says(&answer, "no-cache", path);
        if path != "/guardian/events" {
            let answer = site.user().await.get(path).await;
            assert_says(&answer, "no-store", path);
        }
    }
    let refused = site.visitor().post("/page").await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_says(&refused, "no-cache", "a method that there is not");
}

#[tokio::test]
async fn a_handler_has_its_own_word_on_caching_but_not_on_the_visitor() {
    let site = Kinds::new().await;
    for mut browser in [site.visitor(), site.user().await] {
        assert_says(&browser.get("/own").await, AGE, "/own");
    }
}

#[tokio::test]
async fn a_file_is_the_same_for_everybody() {
    let site = Kinds::new().await;
    for mut browser in [site.visitor(), site.user().await] {
        for path in ["/file", "/same-file"] {
            let answer = browser.get(path).await;
            assert_eq!(says(&answer, header::LAST_MODIFIED), [DATE], "{path}");
            assert!(says(&answer, header::CACHE_CONTROL).is_empty(), "{path}");
            assert!(says(&answer, header::VARY).is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_for_one_visitor_is_not() {
    let site = Kinds::new().await;
    let mut visitor = site.visitor();
    visitor.get("/remember").await;
    assert_eq!(visitor.cookies.len(), 1);
    let answer = visitor.get("/kept-file").await;
    assert_eq!(answer.body, "pear");
    assert_says(&answer, "no-cache", "from the visitor's data");
    let answer = site.user().await.get("/my-file").await;
    assert_says(&answer, "no-store", "from who they are");
}

#[tokio::test]
async fn a_cookie_is_for_one_visitor() {
    let site = Kinds::new().await;
    for path in ["/remember", "/remember-own"] {
        let answer = site.visitor().get(path).await;
        assert_eq!(answer.set_cookies().len(), 1, "{path}");
        assert_says(&answer, "no-store", path);
    }
}

/// nginx before 1.23 reads the last of several lines alone.
#[tokio::test]
async fn the_cookie_comes_to_what_an_answer_varies_by_in_one_line() {
    let site = Kinds::new().await;
    let answer = site.visitor().get("/varied").await;
    let expected = "Accept-Language, accept, Accept-Encoding, cookie";
    assert_eq!(says(&answer, header::VARY), [expected]);
}

#[tokio::test]
async fn a_cookie_that_is_named_already_is_not_named_twice() {
    let site = Site::new().await;
    for line in ["Cookie", "accept, COOKIE", "*"] {
        let page = get(([(header::VARY, line)], "a page"));
        let router = site.guardian.protect(Router::new().route("/", page));
        let answer = Browser::new(&router).get("/").await;
        assert_eq!(says(&answer, header::VARY), [line]);
    }
}

#[tokio::test]
async fn nobody_knows_is_for_one_visitor_too() {
    let site = Kinds::new().await;
    let mut user = site.user().await;
    site.site.database.close().await;
    let answer = user.get("/page").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_says(&answer, "no-store", "the database is gone");
}
