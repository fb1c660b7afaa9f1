//! Errors, as programs and as clients see them.

mod common;

use axum::{Router, routing::get};
use common::Site;
use http::{StatusCode, header};
use leptos_guardian::{
    AuthError, SignOutError,
    server::{Auth, Database, Guardian, SigningKey},
};
use std::{error::Error, path::Path};

#[tokio::test]
async fn an_error_has_its_cause_as_a_source_and_does_not_repeat_it() {
    let folder = tempfile::tempdir().unwrap();
    let corrupt = folder.path().join("session.key");
    std::fs::write(&corrupt, "c2hvcnQ=").unwrap();
    let builder = || async {
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        Guardian::builder(Database::connect(&url).await.unwrap())
            .site_url("http://site.test")
            .key(SigningKey::generate())
    };
    let bad_page = builder().await.after_sign_out_url("//elsewhere.test");
    let bad_listener = builder().await.listener_url("nonsense");
    let errors: Vec<Box<dyn Error>> = vec![
        Database::connect("sqlite:///dev/null/a/app.db")
            .await
            .unwrap_err()
            .into(),
        Database::connect("sqlite:///dev").await.unwrap_err().into(),
        SigningKey::load_or_create(&corrupt).unwrap_err().into(),
        SigningKey::load_or_create(Path::new("/dev/null/key"))
            .unwrap_err()
            .into(),
        bad_page.build().await.unwrap_err().into(),
        bad_listener.build().await.unwrap_err().into(),
    ];
    for error in errors {
        let message = error.to_string();
        let source = error.source().expect(&message).to_string();
        assert!(!message.contains(&source), "{message}: {source}");
    }
}

#[tokio::test]
async fn a_handler_may_return_an_error() {
    let mut site = Site::new().await;
    let failing = Router::new()
        .route(
            "/user",
            get(async |auth: Auth| auth.require_user().map(|user| user.id.clone())),
        )
        .route(
            "/full",
            get(async || -> Result<(), _> { Err(AuthError::TooManyAccounts { limit: 5 }) }),
        )
        .route(
            "/failed",
            get(async || -> Result<(), _> {
                Err(SignOutError::Unavailable {
                    signed_out_here: true,
                })
            }),
        );
    site.router = site.guardian.protect(failing);
    let mut browser = site.browser();
    for (path, status, body) in [
        (
            "/user",
            StatusCode::UNAUTHORIZED,
            r#"{"error":"signed_out","message":"You are signed out."}"#,
        ),
        (
            "/full",
            StatusCode::CONFLICT,
            r#"{"error":"too_many_accounts","limit":5,"message":"This browser already has 5 accounts. Sign out of one of them first."}"#,
        ),
        (
            "/failed",
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"error":"unavailable","signed_out_here":true,"message":"You are signed out in this browser, but the server could not end the session. Please try again."}"#,
        ),
    ] {
        let response = browser.get(path).await;
        assert_eq!(response.status, status, "{path}");
        assert_eq!(response.body, body);
        assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    }
}
