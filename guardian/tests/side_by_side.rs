//! An app that already has axum-login: both sign-ins side by side, and the recipe that moves one browser
//! at a time from one to the other.

#[path = "common/code.rs"]
mod code;
mod common;

use axum::{
    Router,
    extract::{Path, Request},
    middleware::{Next, from_fn},
    response::Response,
    routing::{get, post},
};
use axum_login::{
    AuthManagerLayer, AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend,
    tower_sessions::{SessionManagerLayer, SessionStore},
};
use common::{Browser, Site};
use http::header;
use leptos_guardian::{
    AuthError, Profile, SignOutScope,
    server::{Auth, Database, Identity},
};
use std::{convert::Infallible, error::Error};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

/// The app's users: everybody.
#[derive(Clone, Debug)]
struct Users;

#[derive(Clone, Debug)]
struct User {
    id: String,
    name: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"the hash of a password"
    }
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, id: String) -> Result<Option<User>, Infallible> {
        self.get_user(&id).await
    }

    async fn get_user(&self, id: &String) -> Result<Option<User>, Infallible> {
        let name = id.clone();
        Ok(Some(User {
            id: id.clone(),
            name,
        }))
    }
}

/// Gives a browser with an old sign-in one of ours, and ends the old one with ours.
async fn move_over(
    auth: Auth,
    old: AuthSession<Users>,
    mut request: Request,
    next: Next,
) -> Result<Response, AuthError> {
    // One page at a time. Its scripts and pictures would each sign in.
    let accept = request.headers().get(header::ACCEPT);
    let is_page = accept.is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let old = join(&auth, old, is_page).await.map_err(|cause| {
        tracing::error!(cause, "an old sign-in could not be moved");
        AuthError::Unavailable
    })?;
    request.extensions_mut().insert(old);
    Ok(next.run(request).await)
}

async fn join(
    auth: &Auth,
    mut old: AuthSession<Users>,
    is_page: bool,
) -> Result<AuthSession<Users>, Box<dyn Error + Send + Sync>> {
    let is_signed_out = matches!(auth.require_user(), Err(AuthError::SignedOut));
    let Some(user) = old.user.clone().filter(|_| is_signed_out) else {
        return Ok(old);
    };
    if old.session.get("moved").await? == Some(true) {
        old.logout().await?;
    } else if is_page {
        let identity = Identity::new(user.id, Profile::new(user.name)).method("password");
        auth.sign_in(identity).await?;
        old.session.insert("moved", true).await?;
    }
    Ok(old)
}

#[allow(clippy::let_and_return, reason = "as in the recipe")]
fn protected(
    site: &Site,
    router: Router,
    axum_login: AuthManagerLayer<Users, impl SessionStore + Clone>,
) -> Router {
    let guardian = &site.guardian;
    let router = router.layer(from_fn(move_over)).layer(axum_login);
    let router = guardian.protect(router);
    router
}

async fn old_user(old: AuthSession<Users>) -> String {
    old.user.map_or_else(|| "nobody".into(), |user| user.name)
}

async fn old_sign_in(mut old: AuthSession<Users>, Path(user): Path<String>) {
    let user = old.authenticate(user).await.unwrap().unwrap();
    old.login(&user).await.unwrap();
}

/// A site that had axum-login, with its store's defaults, before it added the library.
async fn old_site() -> Site {
    let mut site = Site::new().await;
    let router = site
        .routes()
        .route("/old-user", get(old_user))
        .route("/old-sign-in/{user}", post(old_sign_in));
    let router = match &site.database {
        Database::Sqlite(pool) => {
            let store = SqliteStore::new(pool.clone());
            store.migrate().await.unwrap();
            protected(&site, router, layer(store))
        }
        Database::Postgres(pool) => {
            let store = PostgresStore::new(pool.clone());
            store.migrate().await.unwrap();
            protected(&site, router, layer(store))
        }
    };
    site.router = router;
    site
}

fn layer<Store: SessionStore + Clone>(store: Store) -> AuthManagerLayer<Users, Store> {
    AuthManagerLayerBuilder::new(Users, SessionManagerLayer::new(store)).build()
}

/// Opens a page, as browsers ask for one.
async fn open_page(browser: &mut Browser) -> String {
    let page = Request::get("/whoami").header(header::ACCEPT, "text/html,*/*;q=0.8");
    browser.send(page).await.body
}

async fn old_signed_in(site: &Site, user: &str) -> Browser {
    let mut browser = site.browser();
    browser.post(&format!("/old-sign-in/{user}")).await;
    browser
}

async fn whom_old_handlers_see(browser: &mut Browser) -> String {
    browser.get("/old-user").await.body
}

#[test]
fn the_recipe_is_what_runs_here() {
    let recipes = include_str!("../docs/recipes.md");
    let blocks: Vec<_> = code::blocks(recipes, "```rs\n").collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        code::assert_contains(include_str!("side_by_side.rs"), block);
    }
}

#[tokio::test]
async fn an_old_sign_in_moves_with_the_next_page_and_old_handlers_see_the_same_user() {
    let site = old_site().await;
    let mut ada = old_signed_in(&site, "ada").await;
    assert_eq!(ada.whoami().await, "nobody", "no page yet");
    assert_eq!(open_page(&mut ada).await, "ada");
    assert_eq!(ada.whoami().await, "ada");
    assert_eq!(whom_old_handlers_see(&mut ada).await, "ada");
    open_page(&mut ada).await;
    assert_eq!(site.count("guardian_session").await, 1);
}

#[tokio::test]
async fn a_sign_out_ends_the_old_sign_in_too() {
    let site = old_site().await;
    let mut ada = old_signed_in(&site, "ada").await;
    open_page(&mut ada).await;
    let mut thief = ada.clone();
    ada.sign_out(SignOutScope::Local).await;
    assert_eq!(whom_old_handlers_see(&mut thief).await, "nobody");
    assert_eq!(open_page(&mut thief).await, "nobody");
    assert_eq!(whom_old_handlers_see(&mut ada).await, "nobody");
}

#[tokio::test]
async fn a_sign_out_on_another_device_ends_the_old_sign_in_too() {
    let site = old_site().await;
    let mut ada = old_signed_in(&site, "ada").await;
    open_page(&mut ada).await;
    let mut elsewhere = site.signed_in("ada").await;
    elsewhere.sign_out(SignOutScope::Global).await;
    assert_eq!(whom_old_handlers_see(&mut ada).await, "nobody");
    assert_eq!(open_page(&mut ada).await, "nobody");
}

#[tokio::test]
async fn cleaning_up_leaves_old_sign_ins_alone() {
    let site = old_site().await;
    let mut ada = old_signed_in(&site, "ada").await;
    site.guardian.clean_up().await.unwrap();
    assert_eq!(open_page(&mut ada).await, "ada");
}

#[tokio::test]
async fn a_new_sign_in_needs_no_old_one() {
    let site = old_site().await;
    let mut bob = site.signed_in("bob").await;
    assert_eq!(open_page(&mut bob).await, "bob");
    assert_eq!(whom_old_handlers_see(&mut bob).await, "nobody");
}
