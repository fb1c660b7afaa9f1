//! The site's routes. Each makes one use of the library.

use super::Pause;
use axum::{
    Json, Router,
    extract::{Path, Query},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use leptos_guardian::{
    Accounts, AuthError, Profile, Reason, SessionCursor, SessionHandle, SessionPage,
    SignOutOptions, SignOutScope,
    server::{Auth, Identity, Remember},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tower_sessions::Session;

pub fn routes(pause: Arc<Pause>) -> Router {
    Router::new()
        .route("/whoami", get(who_am_i))
        .route("/sign-in/{user}", post(sign_in))
        .route("/sign-in-until-closed/{user}", post(sign_in_until_closed))
        .route("/sign-in-for/{user}/{seconds}", post(sign_in_for))
        .route("/sign-in-app/{user}", post(sign_in_app))
        .route("/sign-out/{scope}", post(sign_out))
        .route("/remember/{word}", post(remember))
        .route("/recall", get(recall))
        .route("/sign-in-twice/{user}", post(sign_in_twice))
        .route("/sign-in-and-out/{user}", post(sign_in_and_out))
        .route(
            "/sign-in-and-remember/{user}/{word}",
            post(sign_in_and_remember),
        )
        .route("/sign-in-and-load/{user}/{word}", post(sign_in_and_load))
        .route("/switch-to/{user}", post(switch_to))
        .route("/sign-out-others", post(sign_out_others))
        .route("/last-proof", get(last_proof))
        .route("/recent/{seconds}", get(recent))
        .route("/confirm/{method}", post(confirm))
        .route("/confirm-and-renew", post(confirm_and_renew))
        .route("/give-up-confirmation", post(give_up_confirmation))
        .route("/renew-token", post(renew_token))
        .route("/change-and-renew", post(change_and_renew))
        .route("/give-up-renewal", post(give_up_renewal))
        .route(
            "/sign-out-session/{handle}",
            post(async |auth: Auth, Path(handle)| {
                sign_out_session(auth, Path((handle, SignOutScope::Local))).await
            }),
        )
        .route("/sign-out-session/{handle}/{scope}", post(sign_out_session))
        .route("/sessions", get(sessions))
        .route("/accounts", get(accounts))
        .route("/switch-account/{handle}", post(switch_account))
        .route("/data-id", get(data_id))
        .route("/slow-wait", {
            let pause = Arc::clone(&pause);
            get(move |auth: Auth| async move {
                pause.wait().await;
                auth.until_signed_out().await;
            })
        })
        .route("/slow-recall", {
            let pause = Arc::clone(&pause);
            get(move |auth: Auth, session: Session| async move {
                let word = recall(session).await;
                pause.wait().await;
                format!("{} {word}", who_am_i(auth).await)
            })
        })
        .route("/wait", {
            let pause = Arc::clone(&pause);
            get(move |auth: Auth| async move {
                let signed_out = auth.until_signed_out();
                pause.reached.notify_one();
                signed_out.await;
            })
        })
        .route("/slow-sign-in/{user}", {
            let pause = Arc::clone(&pause);
            post(move |auth: Auth, user: Path<String>| async move {
                pause.wait().await;
                sign_in(auth, user).await
            })
        })
        .route("/slow-confirm", {
            let pause = Arc::clone(&pause);
            post(move |auth: Auth| async move {
                pause.wait().await;
                respond(auth.confirm("test").await)
            })
        })
        .route("/slow-sign-out-others", {
            let pause = Arc::clone(&pause);
            post(move |auth: Auth| async move {
                pause.wait().await;
                sign_out_others(auth).await
            })
        })
        .route(
            "/slow/{word}",
            post(
                move |session: Session, Path(word): Path<String>| async move {
                    // The data is loaded here, and saved after the pause.
                    session.insert("word", word).await.unwrap();
                    pause.wait().await;
                },
            ),
        )
}

async fn who_am_i(auth: Auth) -> String {
    auth.user()
        .map_or_else(|| "nobody".into(), |user| user.id.clone())
}

fn identity(user: String) -> Identity {
    Identity::new(user.clone(), Profile::new(user)).method("test")
}

async fn sign_in_twice(auth: Auth, Path(user): Path<String>) {
    auth.sign_in(identity(user.clone())).await.unwrap();
    auth.sign_in(identity(user)).await.unwrap();
}

async fn sign_in_and_out(auth: Auth, Path(user): Path<String>) {
    auth.sign_in(identity(user)).await.unwrap();
    auth.sign_out(SignOutOptions::default()).await.unwrap();
}

async fn sign_in_and_remember(
    auth: Auth,
    session: Session,
    Path((user, word)): Path<(String, String)>,
) {
    auth.sign_in(identity(user)).await.unwrap();
    session.insert("word", word).await.unwrap();
}

/// Loads the data again before it adds to it.
async fn sign_in_and_load(
    auth: Auth,
    session: Session,
    Path((user, word)): Path<(String, String)>,
) {
    auth.sign_in(identity(user)).await.unwrap();
    session.load().await.unwrap();
    session.insert("word", word).await.unwrap();
}

/// Reads the first user's data before it switches.
async fn switch_to(auth: Auth, session: Session, Path(user): Path<String>) {
    let _: Option<String> = session.get("word").await.unwrap();
    auth.sign_out(SignOutOptions::default()).await.unwrap();
    auth.sign_in(identity(user)).await.unwrap();
}

async fn sign_out_others(auth: Auth) -> Response {
    respond(auth.sign_out_others(Reason::PasswordChange).await)
}

async fn last_proof(auth: Auth) -> Response {
    let proof = auth.last_proof();
    let text = proof.map(|proof| format!("{} {}", proof.method, proof.proved_at));
    text.into_response()
}

async fn recent(auth: Auth, Path(seconds): Path<u64>) -> Response {
    let user = auth.require_recent(Duration::from_secs(seconds));
    respond(user.map(|user| user.id.clone()))
}

async fn confirm(auth: Auth, Path(method): Path<String>) -> Response {
    let confirmed = auth.confirm(method).await;
    // The same request sees it already.
    respond(confirmed.and_then(|()| auth.require_recent(Duration::from_secs(60)).map(drop)))
}

/// As after a changed address. The renewals are redundant, and must do no harm.
async fn confirm_and_renew(auth: Auth) {
    let mut transaction = auth.guardian().begin().await.unwrap();
    transaction.renew_token(&auth).await.unwrap();
    transaction.confirm(&auth, "passkey").await.unwrap();
    transaction.renew_token(&auth).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn give_up_confirmation(auth: Auth) {
    let mut transaction = auth.guardian().begin().await.unwrap();
    transaction.confirm(&auth, "passkey").await.unwrap();
}

async fn renew_token(auth: Auth) -> Response {
    respond(auth.renew_token().await)
}

/// As after a changed password. The renewals are redundant, and must do no harm.
async fn change_and_renew(auth: Auth) {
    let mut transaction = auth.guardian().begin().await.unwrap();
    transaction.renew_token(&auth).await.unwrap();
    let ended = transaction.sign_out_others(&auth, Reason::PasswordChange);
    ended.await.unwrap();
    transaction.renew_token(&auth).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn give_up_renewal(auth: Auth) {
    let mut transaction = auth.guardian().begin().await.unwrap();
    transaction.renew_token(&auth).await.unwrap();
}

async fn sign_out_session(
    auth: Auth,
    Path((handle, scope)): Path<(String, SignOutScope)>,
) -> Response {
    let options = SignOutOptions::new(scope).session(handle);
    respond(auth.sign_out(options).await)
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<SessionCursor>,
}

async fn sessions(
    auth: Auth,
    Query(query): Query<ListQuery>,
) -> Json<Result<SessionPage, AuthError>> {
    Json(auth.sessions(query.after.as_ref()).await)
}

async fn accounts(auth: Auth) -> Json<Result<Accounts, AuthError>> {
    Json(auth.accounts())
}

async fn switch_account(auth: Auth, Path(handle): Path<String>) -> Response {
    let handle = SessionHandle::from(handle.as_str());
    respond(auth.switch_account(&handle).await)
}

async fn data_id(session: Session) -> String {
    session.id().map(|id| id.to_string()).unwrap_or_default()
}

fn respond(result: Result<impl Serialize, impl IntoResponse>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn sign_in(auth: Auth, Path(user): Path<String>) -> Response {
    respond(auth.sign_in(identity(user)).await)
}

async fn sign_in_until_closed(auth: Auth, Path(user): Path<String>) -> Response {
    let identity = identity(user).remember(Remember::Browser);
    respond(auth.sign_in(identity).await)
}

async fn sign_in_for(auth: Auth, Path((user, seconds)): Path<(String, u64)>) -> Response {
    let age = Duration::from_secs(seconds);
    let identity = identity(user).remember(Remember::For(age));
    respond(auth.sign_in(identity).await)
}

async fn sign_in_app(auth: Auth, Path(user): Path<String>) -> Response {
    respond(auth.sign_in(identity(user).app()).await)
}

async fn sign_out(auth: Auth, Path(scope): Path<SignOutScope>) -> Response {
    let options = SignOutOptions::new(scope);
    respond(auth.sign_out(options).await)
}

async fn remember(session: Session, Path(word): Path<String>) {
    session.insert("word", word).await.unwrap();
}

async fn recall(session: Session) -> String {
    let word: Option<String> = session.get("word").await.unwrap();
    word.unwrap_or_else(|| "nothing".into())
}
