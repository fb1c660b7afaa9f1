//! The session check without a network: the time of one request through all layers, in process.

use crate::{
    common::{Fresh, Row, Unit, in_turns_on_each, report},
    sites::{self, AXUM_LOGIN, OURS, Site},
};
use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{Request, StatusCode, header};
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// For all sites together.
const TIME: Duration = Duration::from_secs(4);

pub fn measure(runtime: &Runtime) {
    let name = "session check";
    let measured = in_turns_on_each(runtime, name, visitors, TIME, Visitor::check);
    report::heading("In process, one request after the other");
    for (site, name) in sites::NAMES.iter().enumerate() {
        let what = format!("session check, {name}");
        let times = measured.iter().map(|turns| turns.time(site));
        Row::new(what, Unit::Seconds, times.collect()).report();
    }
    let compared = "session check, axum-login's time to leptos-guardian's";
    let ratios = measured.iter().map(|turns| turns.ratio(AXUM_LOGIN, OURS));
    Row::new(compared, Unit::Ratio, ratios.collect()).report();
}

/// A visitor of a site, signed in if it has sessions.
struct Visitor {
    router: Router,
    cookie: String,
}

async fn visitors(database: &Fresh) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    for site in sites::all(database).await {
        visitors.push(Visitor::new(site).await);
    }
    visitors
}

impl Visitor {
    async fn new(site: Site) -> Self {
        let mut visitor = Self {
            router: site.router,
            cookie: String::new(),
        };
        if site.has_sessions {
            visitor.sign_in().await;
        }
        visitor.check().await;
        visitor
    }

    async fn sign_in(&mut self) {
        let request = Request::post("/sign-in/user-0").body(Body::empty());
        let response = self.router.clone().oneshot(request.expect("a request"));
        let response = response.await.expect("a response");
        let cookie = response.headers()[header::SET_COOKIE].to_str();
        let cookie = cookie.expect("a cookie").split(';').next();
        self.cookie = cookie.unwrap_or_default().to_owned();
    }

    async fn check(&self) {
        let request = Request::get("/whoami")
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .expect("a request");
        let response = self.router.clone().oneshot(request).await;
        let response = response.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        let body = to_bytes(response.into_body(), usize::MAX).await;
        assert_ne!(body.expect("a body"), "nobody");
    }
}
