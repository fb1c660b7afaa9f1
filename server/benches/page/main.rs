//! The starter's home page for a signed-in user, as the server renders it: with `AuthProvider` and
//! `UserButton`, and without.

#[path = "../../../guardian/benches/common/mod.rs"]
mod common;
mod plain;

use app::server::AppState;
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    routing::post,
};
use common::{Aim, Fresh, Row, Unit, in_turns_on_each, report};
use http::{Request, StatusCode, header};
use leptos::prelude::{IntoView, LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    Profile,
    server::{Auth, Database, Guardian, Identity, SigningKey},
};
use leptos_guardian_serve::server::send_page_policy;
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// For all pages together.
const TIME: Duration = Duration::from_secs(5);

/// How much of a plain page's throughput should be left.
const THROUGHPUT: f64 = 0.9;

/// The positions of the pages in [`pages`].
const CHECKED: usize = 0;
const PLAIN_CHECKED: usize = 1;
const ALONE: usize = 2;
const PLAIN_ALONE: usize = 3;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let measured = in_turns_on_each(&runtime, "home page", pages, TIME, async |page| {
        page.get().await;
    });
    let row = |what: &str, page| {
        let times = measured.iter().map(|turns| turns.time(page));
        Row::new(what, Unit::Seconds, times.collect()).report();
    };
    let throughput = |what: &str, page, plain| {
        let ratios = measured.iter().map(|turns| turns.ratio(plain, page));
        Row::new(what, Unit::Ratio, ratios.collect())
    };
    report::heading("The starter's home page, for somebody who is signed in");
    row("page with `AuthProvider` and `UserButton`", CHECKED);
    row("the same markup without", PLAIN_CHECKED);
    throughput("throughput, with to without", CHECKED, PLAIN_CHECKED).report();
    row("rendering alone, no session read, with", ALONE);
    row("rendering alone, no session read, without", PLAIN_ALONE);
    throughput("rendering alone, with to without", ALONE, PLAIN_ALONE)
        .aim(Aim::AtLeast(THROUGHPUT))
        .report();
    throughput(
        "session read and `AuthProvider` to neither",
        CHECKED,
        PLAIN_ALONE,
    )
    .report();
}

struct Page {
    router: Router,
    cookie: String,
}

impl Page {
    async fn get(&self) -> String {
        let request = Request::get("/")
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty());
        let response = self.router.clone().oneshot(request.expect("a request"));
        let response = response.await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        let body = to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8(body.expect("a body").into()).expect("text")
    }
}

async fn pages(database: &Fresh) -> Vec<Page> {
    let database = Database::connect(&database.url)
        .await
        .expect("the database");
    let state = AppState::new(database.clone(), 1000)
        .await
        .expect("the app");
    let guardian = Guardian::builder(database)
        .site_url("http://127.0.0.1:3000")
        .key(SigningKey::generate())
        .accounts_per_browser(5)
        .build()
        .await
        .expect("the guardian");
    let (cookie, auth) = sign_in(&guardian).await;
    let starter = router(app::App, app::shell, move || provide_context(state.clone()));
    let plain_shell = |options| app::document(options, plain::App);
    let plain = router(plain::App, plain_shell, || ());
    // The result of the check, without checking again.
    let known = |router: &Router| router.clone().layer(Extension(auth.clone()));
    let routers = [
        guardian.protect(starter.clone()),
        guardian.protect(plain.clone()),
        known(&starter),
        known(&plain),
    ];
    let pages = routers.map(|router| Page {
        router,
        cookie: cookie.clone(),
    });
    let words_of_starter = words(&pages[CHECKED].get().await);
    assert!(words_of_starter.contains(plain::EMAIL));
    for page in &pages {
        assert_eq!(words(&page.get().await), words_of_starter);
    }
    pages.into()
}

/// The words of a page, to notice a difference between the two.
fn words(html: &str) -> String {
    let parts = html.split('<').filter_map(|part| part.split_once('>'));
    let texts = parts.filter(|(tag, _)| !tag.starts_with("script"));
    let text: String = texts.map(|(_, text)| text).collect();
    // The end of a comment that holds a tag.
    text.replace("-->", "")
}

/// The pages as the starter's server has them, without its layers.
fn router<A, S>(
    app: impl Fn() -> A + Clone + Send + 'static,
    shell: impl Fn(LeptosOptions) -> S + Clone + Send + Sync + 'static,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Router
where
    A: IntoView + 'static,
    S: IntoView + 'static,
{
    let options = LeptosOptions::builder()
        .output_name(env!("LEPTOS_OUTPUT_NAME"))
        .build();
    let context = move || {
        context();
        send_page_policy("", "");
    };
    let routes = generate_route_list(app);
    Router::new()
        .leptos_routes_with_context(&options, routes, context, {
            let options = options.clone();
            move || shell(options.clone())
        })
        .with_state(options)
}

/// Signs a user in. Returns the cookie, and the user as a checked request knows them.
async fn sign_in(guardian: &Guardian) -> (String, Auth) {
    let (told, mut auths) = tokio::sync::mpsc::unbounded_channel();
    let identity =
        Identity::new("ada", Profile::new(plain::NAME).email(plain::EMAIL)).method("password");
    let door = guardian.protect(
        Router::new().route(
            "/",
            post(async |auth: Auth| auth.sign_in(identity).await.expect("signed in"))
                .get(async move |auth: Auth| told.send(auth).is_ok().to_string()),
        ),
    );
    let request = Request::post("/").body(Body::empty()).expect("a request");
    let response = door.clone().oneshot(request).await.expect("a response");
    let cookie = response.headers()[header::SET_COOKIE]
        .to_str()
        .expect("a cookie");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let request = Request::get("/")
        .header(header::COOKIE, &cookie)
        .body(Body::empty());
    door.oneshot(request.expect("a request"))
        .await
        .expect("a response");
    let auth = auths.recv().await.expect("who is signed in");
    (cookie, auth)
}
