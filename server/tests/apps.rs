//! Clients without cookies, over HTTP: they sign up and in with `token=true`, and the description of the
//! interface is complete.

mod common;

use common::{PASSWORD, Site, TestResponse};
use http::{Request, StatusCode, header, request::Builder};
use serde_json::json;
use server::config::COOKIE_NAME;

fn request(path: &str, token: &str) -> Builder {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// The token that a response gives, without any cookie.
#[track_caller]
fn token(response: &TestResponse) -> String {
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert_eq!(response.headers.get(header::SET_COOKIE), None);
    response.headers["guardian-token"]
        .to_str()
        .unwrap()
        .to_owned()
}

async fn sign_up(site: &Site, email: &str) -> String {
    let fields = format!("name=Ada&email={email}&password={PASSWORD}&token=true");
    token(&site.post("/api/sign_up", "", fields).await)
}

#[tokio::test]
async fn an_app_lives_without_cookies() {
    let site = Site::new().await;
    sign_up(&site, "ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}&token=true");
    let first = token(&site.post("/api/sign_in", "", &fields).await);
    let send = async |path: &str, token: &str, fields: &str| {
        site.send(request(path, token), fields.to_owned()).await
    };

    let who = send("/api/session", &first, "").await.json();
    assert_eq!(who["profile"]["email"], "ada@example.com");
    let list = send("/api/sessions", &first, "").await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(list["sessions"][0]["browser"], "App");

    let change = format!("current_password={PASSWORD}&password=another+long+sentence");
    let second = token(&send("/api/change_password", &first, &change).await);
    assert_eq!(send("/api/session", &first, "").await.body, "null");
    let list = send("/api/sessions", &second, "").await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);

    let done = send("/api/sign_out", &second, "scope=global").await.json();
    assert_eq!(done["ended"].as_array().unwrap().len(), 1);
    let response = send("/api/sessions", &second, "").await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn an_error_has_a_word_for_the_program_and_a_sentence_for_the_person() {
    let site = Site::new().await;
    let fields = "email=ada@example.com&password=wrong&token=true";
    let response = site.post("/api/sign_in", "", fields).await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    let message = "The e-mail address or the password is wrong.";
    let expected = json!({"error": "wrong_credentials", "message": message});
    assert_eq!(response.json(), expected);
}

#[tokio::test]
async fn an_app_deletes_its_account() {
    let site = Site::new().await;
    let token = sign_up(&site, "ada@example.com").await;
    let request = request("/api/delete_account", &token);
    let fields = format!("confirm_password={PASSWORD}");
    let response = site.send(request, fields).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert_eq!(response.headers.get(header::SET_COOKIE), None);
}

#[tokio::test]
async fn a_plain_form_gets_no_token() {
    let site = Site::new().await;
    let fields = format!("name=Ada&email=ada@example.com&password={PASSWORD}&token=true");
    let response = site.submit("/api/sign_up", "", &fields).await;
    assert_eq!(response.location(), "/sign-up");
    assert_eq!(response.headers.get("guardian-token"), None);
    sign_up(&site, "ada@example.com").await;
    let response = site.submit("/api/sign_in", "", &fields).await;
    assert_eq!(response.location(), "/sign-in");
    assert_eq!(response.headers.get("guardian-token"), None);
}

#[tokio::test]
async fn a_token_is_for_who_asks_and_never_beside_a_cookie() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}&token=true");
    let response = site.post("/api/sign_in", &cookie, &fields).await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(response.error(), "token_beside_cookie");
    assert_eq!(response.headers.get("guardian-token"), None);
    assert!(site.who_is(&cookie).await.is_object());

    let first = token(&site.post("/api/sign_in", "", &fields).await);
    let both = request("/api/sign_out", &first).header(header::COOKIE, &cookie);
    let response = site.send(both, "scope=global").await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(response.error(), "token_beside_cookie");
    let in_url = Request::get(format!("/account?access_token={first}"));
    let response = site.send(in_url, "").await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(response.error(), "token_in_url");
    assert!(
        response
            .headers
            .contains_key(header::CONTENT_SECURITY_POLICY)
    );
    assert!(site.who_is(&cookie).await.is_object());

    for field in ["token=false", ""] {
        let fields = format!("email=ada@example.com&password={PASSWORD}&{field}");
        let response = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(response.headers.get("guardian-token"), None);
        assert!(response.cookie("session").is_some());
    }
}

#[tokio::test]
async fn the_description_has_every_function() {
    let site = Site::new().await;
    let response = site.get("/api/openapi.json", "").await;
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    let description = response.json();
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["servers"][0]["url"], "http://127.0.0.1:3000");
    let schemes = &description["components"]["securitySchemes"];
    assert_eq!(schemes["cookie"]["name"], format!("{COOKIE_NAME}-3000"));
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let described = description["paths"].as_object().unwrap();
    for (path, _) in leptos::server_fn::axum::server_fn_paths() {
        let is_described = described.contains_key(path);
        assert!(is_described, "describe {path} in server/openapi.json");
    }
}
