//! The README's guide and its example: they have the same code, and the example works.
//! `scripts/test-guide` does what the guide says.

#[path = "common/code.rs"]
mod code;
#[path = "../examples/existing_app.rs"]
mod existing_app;

use axum::{
    Router,
    body::Body,
    routing::{self, get},
};
use existing_app::{
    account::{change_password, delete_user},
    sign_in::SignIn,
};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos::server_fn::ServerFn as _;
use leptos_guardian::{
    Profile,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use sqlx::SqlitePool;
use std::{env, fs};
use tower::ServiceExt as _;

const GUIDE: &str = include_str!("../README.md");
const EXAMPLE: &str = include_str!("../examples/existing_app.rs");

#[test]
fn the_guides_new_files_are_in_the_example() {
    let files: Vec<_> = code::blocks(GUIDE, "```rust\n// app/src/")
        .filter_map(|block| block.split_once('\n'))
        .filter(|(name, _)| *name != "lib.rs")
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for (_, code) in files {
        code::assert_contains(EXAMPLE, code);
    }
}

async fn send(router: &Router, request: Request<String>) -> Response<Body> {
    let request = request.map(Body::from);
    router.clone().oneshot(request).await.expect("a response")
}

fn post(path: &str, cookie: &str, fields: &str) -> Request<String> {
    Request::post(path)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .body(fields.into())
        .expect("a request")
}

fn get_request(path: &str, cookie: &str) -> Request<String> {
    let request = Request::get(path).header(header::COOKIE, cookie);
    request.body(String::new()).expect("a request")
}

async fn page(router: &Router, path: &str, cookie: &str) -> (StatusCode, String) {
    let response = send(router, get_request(path, cookie)).await;
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body");
    (
        status,
        String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    )
}

fn cookie(response: &Response<Body>) -> String {
    let cookie = &response.headers()[header::SET_COOKIE];
    let cookie = cookie.to_str().expect("a cookie").split(';').next();
    cookie.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_example_signs_its_users_in_and_out() {
    // The example writes its key to the current folder.
    let folder = tempfile::tempdir().expect("a folder");
    env::set_current_dir(&folder).expect("the folder");
    fs::write("app.db", "").expect("a file");
    let pool = SqlitePool::connect("sqlite://app.db")
        .await
        .expect("a pool");
    let router = existing_app::router(pool).await.expect("the example");

    // As browsers send it: Leptos leads a plain form back to its page, with the error.
    let form = |fields: &str| {
        let mut form = post(SignIn::PATH, "", fields);
        let page = "http://127.0.0.1:3000/sign-in?callback_url=%2Fsessions";
        form.headers_mut()
            .insert(header::REFERER, HeaderValue::from_static(page));
        form
    };
    let wrong = "email=ada@example.com&password=wrong&callback_url=/sessions";
    let refused = send(&router, form(wrong)).await;
    assert!(!refused.headers().contains_key(header::SET_COOKIE));
    let location = refused.headers()[header::LOCATION].to_str().expect("text");
    let path = location
        .strip_prefix("http://127.0.0.1:3000")
        .expect("a page of the site");
    let (_, sign_in) = page(&router, path, "").await;
    assert!(
        sign_in.contains("The e-mail address or the password is wrong."),
        "{sign_in}"
    );
    assert!(sign_in.contains("value=\"/sessions\""), "{sign_in}");
    let right = "email=ada@example.com&password=lovelace&callback_url=/sessions";
    let response = send(&router, form(right)).await;
    let check = response.headers()[header::LOCATION].to_str().expect("text");
    let without = send(&router, get_request(check, "")).await;
    assert_eq!(without.status(), StatusCode::BAD_REQUEST);
    let cookie = cookie(&response);
    let checked = send(&router, get_request(check, &cookie)).await;
    assert_eq!(checked.headers()[header::LOCATION], "/sessions");

    let (_, home) = page(&router, "/", &cookie).await;
    assert!(home.contains("guardian-name\">Ada Lovelace"), "{home}");
    let (_, sessions) = page(&router, "/sessions", &cookie).await;
    assert!(sessions.contains("This device"), "{sessions}");

    let response = send(&router, post("/api/sign_out", &cookie, "")).await;
    assert_eq!(response.headers()[header::LOCATION], "/");
    let (_, home) = page(&router, "/", &cookie).await;
    assert!(
        !home.contains("Account of") && home.contains("/sign-in"),
        "{home}"
    );
    let (status, _) = page(&router, "/sessions", &cookie).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

/// A site whose routes call the guide's functions for the user with the id 1.
async fn site(pool: &SqlitePool) -> Router {
    let users = "create table users (id integer primary key, password_hash text not null)";
    for sql in [users, "insert into users values (1, 'old')"] {
        sqlx::query(sql).execute(pool).await.expect("the table");
    }
    let guardian = Guardian::builder(Database::Sqlite(pool.clone()))
        .site_url("http://127.0.0.1:3000")
        .key(SigningKey::generate());
    let guardian = guardian.build().await.expect("the guardian");
    let sign_in = async |auth: Auth| auth.sign_in(Identity::new("1", Profile::new("Ada"))).await;
    let change = async |auth: Auth| change_password(&auth, "new").await.expect("changed");
    let delete = async |auth: Auth| delete_user(auth.guardian(), 1).await.expect("deleted");
    let who = async |auth: Auth| auth.user().map(|user| user.id.clone()).unwrap_or_default();
    let router = Router::new()
        .route("/who", get(who))
        .route("/sign-in", routing::post(sign_in))
        .route("/password", routing::post(change))
        .route("/delete", routing::post(delete));
    guardian.protect(router)
}

#[tokio::test]
async fn a_new_password_and_a_deleted_user_end_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("app.db").display()
    );
    let pool = SqlitePool::connect(&url).await.expect("a pool");
    let router = site(&pool).await;
    let here = cookie(&send(&router, post("/sign-in", "", "")).await);
    let elsewhere = cookie(&send(&router, post("/sign-in", "", "")).await);

    let renewed = cookie(&send(&router, post("/password", &here, "")).await);
    let hash: String = sqlx::query_scalar("select password_hash from users")
        .fetch_one(&pool)
        .await
        .expect("the user");
    assert_eq!(hash, "new");
    assert_ne!(renewed, here);
    assert_eq!(page(&router, "/who", &renewed).await.1, "1");
    assert_eq!(page(&router, "/who", &elsewhere).await.1, "");

    send(&router, post("/delete", &renewed, "")).await;
    assert_eq!(page(&router, "/who", &renewed).await.1, "");
}
