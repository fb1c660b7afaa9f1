//! An app as the site sees it: it has a token and no cookies.

use super::{Browser, Server, TestResponse};
use axum::Router;
use http::{Request, header};
use leptos_guardian::SignOutScope;

/// A client without cookies, which keeps a token and sends it.
#[derive(Clone)]
pub struct App {
    pub router: Router,
    pub token: Option<String>,
}

impl App {
    pub fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            token: None,
        }
    }

    /// The same app, but its requests go to another server.
    pub fn on(&self, server: &Server) -> Self {
        Self {
            router: server.router.clone(),
            ..self.clone()
        }
    }

    pub async fn get(&mut self, path: &str) -> TestResponse {
        self.send(Request::get(path), "").await
    }

    pub async fn post(&mut self, path: &str) -> TestResponse {
        self.send(Request::post(path), "").await
    }

    /// Sends a request, and keeps the token of the response. It never has a cookie.
    pub async fn send(&mut self, mut request: http::request::Builder, body: &str) -> TestResponse {
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = Browser::new(&self.router).send_with(request, body).await;
        assert_eq!(response.all_set_cookies(), Vec::<&str>::new());
        if let Some(token) = response.headers.get("guardian-token") {
            self.token = Some(token.to_str().unwrap().to_owned());
        }
        response
    }

    pub async fn sign_out(&mut self, scope: SignOutScope) -> TestResponse {
        self.post(&format!("/sign-out/{scope}")).await
    }

    /// The id of the signed-in user, or "nobody".
    pub async fn whoami(&mut self) -> String {
        self.get("/whoami").await.body
    }
}
