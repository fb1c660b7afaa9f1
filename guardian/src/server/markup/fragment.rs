//! `/guardian/fragment/…`: the inside of a component, for the page's script.

use super::{
    head::page_data,
    session_list::{SessionsQuery, session_list},
    sign_out::sign_out_panel,
};
use crate::{
    ErrorStatus as _, SessionHandle, SignOutButton, SignOutScope, UserButton, components::slot,
    query::find_field, server::Auth,
};
use axum::{
    Router,
    extract::{Path, Request},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};
use leptos::prelude::*;

/// Where the fragments are.
pub(crate) const PATH: &str = "/guardian/fragment/";

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(&format!("{PATH}{{kind}}"), get(fragment))
}

async fn fragment(Path(kind): Path<String>, auth: Auth, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let owner = Owner::new();
    owner.with(|| provide_context(parts));
    let (status, html) = match kind.as_str() {
        "page" => (StatusCode::OK, page_data(Some(&auth), false)),
        "user-button" => (StatusCode::OK, owner.with(|| user_button(&query))),
        "sign-out-button" => (StatusCode::OK, owner.with(|| sign_out_button(&query))),
        "sign-out" => (StatusCode::OK, owner.with(|| sign_out(&query))),
        "session-list" => sessions(&auth, &owner, query).await,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    owner.unset_with_forced_cleanup();
    // Plain text: CDNs change what is HTML, such as every e-mail address, and their script that changes it back
    // finds only what is in the page.
    (status, [(header::CACHE_CONTROL, "no-store")], html).into_response()
}

fn user_button(query: &str) -> String {
    let field = |name| find_field(query, name).filter(|value| !value.is_empty());
    // In HTML an attribute is true by being there.
    let show_name = find_field(query, "show_name").is_some_and(|value| value != "false");
    let id = field("menu_id").unwrap_or_else(|| "guardian-user-menu".into());
    view! {
        <UserButton
            show_name
            nostrip:manage_url=field("manage_url")
            nostrip:add_account_url=field("add_account_url")
            nostrip:callback_url=field("callback_url")
            id
        />
    }
    .to_html()
}

fn sign_out_button(query: &str) -> String {
    let field = |name| find_field(query, name).filter(|value| !value.is_empty());
    let scope = field("scope").and_then(|scope| scope.parse().ok());
    let text = field("text").unwrap_or_else(|| "Sign out".into());
    let button = view! {
        <SignOutButton
            scope=scope.unwrap_or(SignOutScope::Local)
            nostrip:session=field("session").map(SessionHandle::from)
            nostrip:callback_url=field("callback_url")
            redirect=field("redirect").as_deref() != Some("false")
        >
            {text}
        </SignOutButton>
    };
    slot(String::new(), button.to_html()).to_html()
}

fn sign_out(query: &str) -> String {
    slot(String::new(), sign_out_panel(query)).to_html()
}

async fn sessions(auth: &Auth, owner: &Owner, query: String) -> (StatusCode, String) {
    let query = SessionsQuery(query);
    let listed = query.read(auth).await;
    let status = listed
        .as_ref()
        .map_or_else(|error| error.status(), |_| StatusCode::OK);
    let now = auth.guardian().0.clock.now();
    let list = owner.with(|| session_list(&query, listed, now));
    (status, owner.with(|| slot(String::new(), list).to_html()))
}
