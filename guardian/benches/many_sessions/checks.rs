//! Session checks of browsers that have signed in among many others.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Path,
    routing::{get, post},
};
use http::{Request, StatusCode, header};
use leptos_guardian::{
    Profile,
    server::{Auth, Guardian, Identity},
};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;

/// The browsers. Their rows are as far apart in the indexes as anybody's.
const BROWSERS: usize = 500;

/// How many checks run in one turn, each of another browser.
const IN_A_ROW: u32 = 200;

pub struct Checks {
    router: Router,
    cookies: Vec<String>,
}

impl Checks {
    /// Signs the browsers in.
    pub async fn new(guardian: &Guardian) -> Self {
        let router = Router::new()
            .route("/sign-in/{user}", post(sign_in))
            .route("/whoami", get(who_am_i));
        let mut checks = Self {
            router: guardian.protect(router),
            cookies: Vec::new(),
        };
        for browser in 0..BROWSERS {
            let request = Request::post(format!("/sign-in/browser-{browser}"));
            let response = checks.router.clone().oneshot(empty(request)).await;
            let response = response.expect("a response");
            let cookie = response.headers()[header::SET_COOKIE].to_str();
            let cookie = cookie.expect("a cookie").split(';').next();
            checks.cookies.push(cookie.unwrap_or_default().to_owned());
        }
        checks
    }

    /// Checks one session after the other. Returns the time of one.
    pub async fn check(&self) -> Duration {
        let start = Instant::now();
        for _ in 0..IN_A_ROW {
            let cookie = &self.cookies[rand::random_range(0..BROWSERS)];
            let request = Request::get("/whoami").header(header::COOKIE, cookie);
            let response = self.router.clone().oneshot(empty(request)).await;
            let response = response.expect("a response");
            assert_eq!(response.status(), StatusCode::OK);
            let body = to_bytes(response.into_body(), usize::MAX).await;
            assert_ne!(body.expect("a body"), "nobody");
        }
        start.elapsed() / IN_A_ROW
    }
}

fn empty(request: http::request::Builder) -> Request<Body> {
    request.body(Body::empty()).expect("a request")
}

async fn sign_in(auth: Auth, Path(user): Path<String>) {
    let identity = Identity::new(user.clone(), Profile::new(user)).method("password");
    auth.sign_in(identity).await.expect("signed in");
}

async fn who_am_i(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.profile.name.clone())
}
