//! The app's own fields of a user: they come with the session, reach a page only if they are public, and
//! change everywhere at once.

mod common;

use axum::{Json, Router, routing::get};
use common::{Browser, Site};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use leptos_guardian::{
    Accounts, AuthError, AuthProvider, Profile, SignOutScope,
    server::{Auth, Guardian, Identity},
    use_auth,
};
use leptos_router::{
    components::{Route, Router as Pages, Routes},
    path,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Reader,
    Editor,
}

fn profile(name: &str, role: Role, plan: &str) -> Profile {
    let profile = Profile::new(name).with("role", role).unwrap();
    profile.with_public("plan", plan).unwrap()
}

async fn sign_in(auth: Auth) -> Result<(), AuthError> {
    let ada = profile("Ada Lovelace", Role::Editor, "pro");
    auth.sign_in(Identity::new("ada", ada)).await?;
    // Also in the very request that signs in.
    assert_eq!(
        auth.require_user()?.field::<Role>("role").unwrap(),
        Role::Editor
    );
    Ok(())
}

async fn show(auth: Auth) -> String {
    auth.user().map_or_else(
        || "nobody".into(),
        |user| {
            let role = user.field::<Role>("role");
            let plan = user.field::<String>("plan");
            format!("{} {:?} {:?}", user.profile.name, role.ok(), plan.ok())
        },
    )
}

/// Tries to show all fields.
#[component]
fn Page() -> impl IntoView {
    let auth = use_auth();
    let role = move || {
        auth.get()
            .user()
            .map(|user| format!("{:?}", user.field::<Role>("role").ok()))
    };
    let plan = move || {
        auth.get()
            .user()
            .map(|user| format!("{:?}", user.field::<String>("plan").ok()))
    };
    view! { <p>{role}{plan}</p> }
}

#[component]
fn App() -> impl IntoView {
    view! {
        <AuthProvider>
            <Pages>
                <Routes fallback=|| "not found">
                    <Route path=path!("/page") view=Page/>
                </Routes>
            </Pages>
        </AuthProvider>
    }
}

fn router(guardian: &Guardian) -> Router {
    let options = LeptosOptions::builder().output_name("app").build();
    let pages = Router::new()
        .leptos_routes(&options, generate_route_list(App), || {
            view! { <html><head></head><body><App/></body></html> }
        })
        .with_state(options);
    let routes = Router::new()
        .route("/sign-in", axum::routing::post(sign_in))
        .route("/show", get(show))
        .route(
            "/json",
            get(async |auth: Auth| Json::<Accounts>(auth.accounts().unwrap())),
        )
        .merge(pages);
    guardian.protect(routes)
}

async fn signed_in(guardian: &Guardian) -> Browser {
    let mut browser = Browser::new(&router(guardian));
    let response = browser.post("/sign-in").await;
    assert_eq!(response.status, 200, "{}", response.body);
    browser
}

const EDITOR: &str = r#"Ada Lovelace Some(Editor) Some("pro")"#;

#[tokio::test]
async fn the_fields_come_with_the_session() {
    let site = Site::new().await;
    let mut ada = signed_in(&site.guardian).await;
    assert_eq!(ada.get("/show").await.body, EDITOR);
    site.pass_time(Duration::from_secs(600));
    assert_eq!(ada.get("/show").await.body, EDITOR);
}

#[tokio::test]
async fn only_public_fields_leave_the_server() {
    let site = Site::new().await;
    let mut ada = signed_in(&site.guardian).await;
    for path in [
        "/json",
        "/page",
        "/guardian/fragment/page",
        "/guardian/fragment/user-button",
    ] {
        let body = ada.get(path).await.body;
        assert!(!body.to_lowercase().contains("editor"), "{body}");
        assert!(!body.contains("role\""), "{body}");
        assert_eq!(body.contains("pro"), !path.contains("button"), "{body}");
    }
    let form = http::Request::post("/api/session")
        .header("content-type", "application/x-www-form-urlencoded");
    let accounts: Accounts = ada.send(form).await.json();
    assert_eq!(accounts.active.field::<String>("plan").unwrap(), "pro");
    assert!(accounts.active.field::<Role>("role").is_err());
}

#[tokio::test]
async fn a_change_reaches_all_sessions_of_the_user_and_their_open_pages() {
    let site = Site::new().await;
    let server = site.server(|builder| builder).await;
    let mut here = signed_in(&site.guardian).await;
    let mut there = signed_in(&server.guardian).await;
    let mut bob = site.signed_in("bob").await;
    let (mut page, mut other) = (here.open_page().await, there.open_page().await);
    let mut bobs = bob.open_page().await;
    site.until_listening(2).await;

    let reader = profile("Ada King", Role::Reader, "free");
    site.guardian.update_profile("ada", &reader).await.unwrap();
    for browser in [&mut here, &mut there] {
        let shown = browser.get("/show").await.body;
        assert_eq!(shown, r#"Ada King Some(Reader) Some("free")"#);
    }
    let changed = Some(("session".to_owned(), "changed".to_owned()));
    assert_eq!(page.next().await, changed);
    if matches!(
        site.database,
        leptos_guardian::server::Database::Postgres(_)
    ) {
        assert_eq!(other.next().await, changed);
    }
    // Once each, and not on the pages of others: the next event is the sign-out.
    bob.sign_out(SignOutScope::Global).await;
    bobs.notice().await;
    site.guardian
        .sign_out_user("ada", leptos_guardian::Reason::Administrator)
        .await
        .unwrap();
    page.notice().await;
    other.notice().await;

    // Those that the new profile lacks are gone.
    let mut here = signed_in(&site.guardian).await;
    site.guardian
        .update_profile("ada", &Profile::new("Ada"))
        .await
        .unwrap();
    assert_eq!(here.get("/show").await.body, "Ada None None");
}

/// It knows neither the fields nor their column.
#[tokio::test]
async fn a_server_of_the_previous_version_leaves_the_fields_alone() {
    let site = Site::new().await;
    let mut ada = signed_in(&site.guardian).await;
    let stored: String = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_scalar("select profile from guardian_session").fetch_one(pool).await.unwrap()
    });
    assert_eq!(
        stored, r#"{"name":"Ada Lovelace"}"#,
        "as it has always been"
    );
    site.execute(
        r#"update guardian_session set profile = '{"name":"Ada King"}' where user_id = 'ada'"#,
    )
    .await;
    assert_eq!(
        ada.get("/show").await.body,
        EDITOR.replace("Lovelace", "King")
    );
    // One that it has written has none.
    site.execute("update guardian_session set fields = null, location = null")
        .await;
    assert_eq!(ada.get("/show").await.body, "Ada King None None");
}
