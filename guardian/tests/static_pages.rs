//! Pages that Leptos renders into files, for everybody (`SsrMode::Static`).

mod common;

use axum::Router;
use common::Site;
use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    AuthProvider, RequireSignedIn, SessionList, SignedIn, SignedOut, UserButton,
};
use leptos_router::{
    SsrMode,
    components::{Route, Router as Pages, Routes},
    path,
    static_routes::StaticRoute,
};

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
    view! {
        <AuthProvider>
            <Pages>
                <Routes fallback=|| "not found">
                    <Route path=path!("/news") ssr=mode() view=News/>
                    <Route path=path!("/private") ssr=mode() view=Private/>
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
        .with_state(options)
}

#[tokio::test]
async fn a_static_page_is_served_to_everybody_and_holds_nobodys_state() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new().await;
    let routes = site.routes().merge(pages(folder.path().to_str().unwrap()));
    site.router = site.guardian.protect(routes);
    let mut visitor = site.browser();
    let mut ada = site.signed_in("ada").await;
    for page in ["/news", "/private"] {
        // The first request renders the file, later ones get it.
        for browser in [&mut ada, &mut visitor] {
            for _ in 0..2 {
                let response = browser.get(page).await;
                assert_eq!(response.status, StatusCode::OK, "{page}");
                for word in ["ada", "for users", "for visitors"] {
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
