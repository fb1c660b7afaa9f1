//! Pages in every way in which Leptos renders them (`SsrMode`): on request, in one piece or as a stream,
//! or into files for everybody.

mod common;

use axum::Router;
use common::Site;
use http::{StatusCode, header};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, file_and_error_handler, generate_route_list};
use leptos_guardian::{
    AuthProvider, RequireRecent, RequireSignedIn, SessionList, SignedIn, SignedOut, UserButton,
};
use leptos_router::{
    SsrMode,
    components::{Route, Router as Pages, Routes},
    path,
    static_routes::StaticRoute,
};
use std::time::Duration;
use tempfile::TempDir;

fn shell() -> impl IntoView {
    view! {
        <html>
            <head></head>
            <body><App/></body>
        </html>
    }
}

#[component]
fn App() -> impl IntoView {
    let mode = || SsrMode::Static(StaticRoute::new());
    use SsrMode::{Async, InOrder, OutOfOrder, PartiallyBlocked};
    view! {
        <AuthProvider>
            <Pages>
                <Routes fallback=|| "not found">
                    <Route path=path!("/news") ssr=mode() view=News/>
                    <Route path=path!("/private") ssr=mode() view=Private/>
                    <Route path=path!("/news/out-of-order") ssr=OutOfOrder view=News/>
                    <Route path=path!("/private/out-of-order") ssr=OutOfOrder view=Account/>
                    <Route path=path!("/news/blocked") ssr=PartiallyBlocked view=News/>
                    <Route path=path!("/private/blocked") ssr=PartiallyBlocked view=Account/>
                    <Route path=path!("/news/in-order") ssr=InOrder view=News/>
                    <Route path=path!("/private/in-order") ssr=InOrder view=Account/>
                    <Route path=path!("/important") ssr=mode() view=Important/>
                    <Route path=path!("/important/out-of-order") ssr=OutOfOrder view=Important/>
                    <Route path=path!("/important/blocked") ssr=PartiallyBlocked view=Important/>
                    <Route path=path!("/important/in-order") ssr=InOrder view=Important/>
                    <Route path=path!("/important/async") ssr=Async view=Important/>
                    <Route path=path!("/news/async") ssr=Async view=News/>
                    <Route path=path!("/private/async") ssr=Async view=Account/>
                </Routes>
            </Pages>
        </AuthProvider>
    }
}

#[component]
fn News() -> impl IntoView {
    view! {
        <h1>"The news"</h1>
        <SignedIn>"for users"<UserButton/></SignedIn>
        <SignedOut>"for visitors"</SignedOut>
    }
}

#[component]
fn Account() -> impl IntoView {
    view! { <RequireSignedIn sign_in_url="/sign-in">"for users"<SessionList/></RequireSignedIn> }
}

#[component]
fn Important() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <RequireRecent max_age=Duration::from_secs(600) confirm_url="/confirm?why=important">
                "for the one who is here"
            </RequireRecent>
        </RequireSignedIn>
    }
}

#[component]
fn Private() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">"for users"<SessionList/></RequireSignedIn>
        <SessionList/>
    }
}

fn pages(site_root: &str) -> Router {
    let options = LeptosOptions::builder()
        .output_name("app")
        .site_root(site_root.to_owned())
        .build();
    Router::new()
        .leptos_routes(&options, generate_route_list(App), shell)
        .fallback(file_and_error_handler(|_: LeptosOptions| shell()))
        .with_state(options)
}

async fn site(folder: &TempDir) -> Site {
    let mut site = Site::new().await;
    let routes = site.routes().merge(pages(folder.path().to_str().unwrap()));
    site.router = site.guardian.protect(routes);
    site
}

#[tokio::test]
async fn a_page_on_request_shows_its_user_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder).await;
    let mut visitor = site.browser();
    let mut ada = site.signed_in("lovelace").await;
    for mode in ["out-of-order", "blocked", "in-order", "async"] {
        for _ in 0..2 {
            let news = ada.get(&format!("/news/{mode}")).await.body;
            assert!(news.contains("for users"), "{mode}: {news}");
            assert!(!news.contains("for visitors"), "{mode}: {news}");
            let private = ada.get(&format!("/private/{mode}")).await;
            assert_eq!(private.status, StatusCode::OK, "{mode}");
            assert!(private.body.contains("for users"), "{mode}");
            assert!(private.body.contains("This device"), "{mode}");

            let news = visitor.get(&format!("/news/{mode}")).await.body;
            assert!(news.contains("for visitors"), "{mode}: {news}");
            for word in ["lovelace", "for users"] {
                assert!(!news.contains(word), "{mode}: {word} in {news}");
            }
            let private = visitor.get(&format!("/private/{mode}")).await;
            assert_eq!(private.status, StatusCode::SEE_OTHER, "{mode}");
            let target = private.headers[header::LOCATION].to_str().unwrap();
            let expected = format!("/sign-in?callback_url=%2Fprivate%2F{mode}");
            assert_eq!(target, expected);
            assert!(!private.body.contains("for users"), "{mode}");
        }
    }
}

#[tokio::test]
async fn a_static_page_is_served_to_everybody_and_holds_nobodys_state() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder).await;
    let mut visitor = site.browser();
    let mut ada = site.signed_in("lovelace").await;
    for page in ["/news", "/private"] {
        // The first request renders the file, later ones get it.
        for browser in [&mut ada, &mut visitor] {
            for _ in 0..2 {
                let response = browser.get(page).await;
                assert_eq!(response.status, StatusCode::OK, "{page}");
                for word in ["lovelace", "for users", "for visitors"] {
                    assert!(!response.body.contains(word), "{word} in {}", response.body);
                }
                let [_, data] = response.body.split("guardian-page").collect::<Vec<_>>()[..] else {
                    panic!("no data in {}", response.body);
                };
                assert!(!data.contains("\"state\""), "{data}");
            }
        }
    }
}

/// As cargo-leptos's templates serve files: in the fallback, behind the guardian's layer.
#[tokio::test]
async fn a_file_from_the_fallback_is_everybodys_and_a_page_is_one_visitors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("style.css"), "body {}").unwrap();
    let site = site(&folder).await;
    let mut ada = site.signed_in("lovelace").await;
    let file = ada.get("/style.css").await;
    assert_eq!(file.body, "body {}");
    assert!(!file.headers.contains_key(header::CACHE_CONTROL));
    assert!(!file.headers.contains_key(header::SET_COOKIE));
    let page = ada.get("/no-such-page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_page_that_needs_a_recent_proof_asks_for_it_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder).await;
    let mut visitor = site.browser();
    let mut ada = site.signed_in("lovelace").await;
    for mode in ["/out-of-order", "/blocked", "/in-order", "/async"] {
        let path = format!("/important{mode}?amount=1");
        let page = ada.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{mode}");
        assert!(page.body.contains("for the one who is here"), "{mode}");
        site.pass_time(Duration::from_secs(601));
        let refused = ada.get(&path).await;
        assert_eq!(refused.status, StatusCode::SEE_OTHER, "{mode}");
        let name = mode.trim_start_matches('/');
        let target =
            format!("/confirm?why=important&callback_url=%2Fimportant%2F{name}%3Famount%3D1");
        assert_eq!(refused.headers[header::LOCATION], target.as_str());
        assert!(!refused.body.contains("for the one who is here"), "{mode}");
        assert_eq!(refused.headers[header::CACHE_CONTROL], "no-store");
        ada.post("/confirm/test").await;
        let nobody = visitor.get(&path).await;
        let target = nobody.headers[header::LOCATION].to_str().unwrap();
        assert!(target.starts_with("/sign-in?"), "{mode}: {target}");
        assert!(!nobody.body.contains("for the one who is here"), "{mode}");
    }
    // A file is for everybody.
    let page = ada.get("/important").await;
    assert!(
        !page.body.contains("for the one who is here"),
        "{}",
        page.body
    );
}
