//! Clients without cookies: their tokens sign in, are renewed and end as cookies do, and are accepted in no
//! other place.

mod common;

use axum::routing::{get, post};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{App, Browser, Site, TestResponse};
use http::{Request, StatusCode, header};
use leptos_guardian::{
    AuthError, Profile, SignOutError, SignOutScope, SignedOut,
    server::{Auth, Builder, Identity, SigningKey},
};

const PREFIX: &str = "guardian_token_";

async fn site() -> Site {
    Site::with(Builder::accept_bearer_tokens).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[track_caller]
fn assert_refused(response: &TestResponse, error: &AuthError, status: StatusCode, code: &str) {
    assert_eq!(response.status, status, "{}", response.body);
    assert_eq!(&response.json::<AuthError>(), error);
    let challenge = response.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert_eq!(
        challenge,
        format!(r#"Bearer error="{code}", error_description="{error}""#)
    );
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn an_app_signs_in_and_out_with_a_token() {
    let site = site().await;
    let mut app = site.app();
    assert_eq!(app.whoami().await, "nobody");
    let response = app.post("/sign-in-app/ada").await;
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    let token = app.token.clone().unwrap();
    assert!(token.starts_with(PREFIX), "{token}");
    let response = app.get("/whoami").await;
    assert_eq!(response.body, "ada");
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers[header::VARY], "cookie, authorization");
    assert_eq!(response.headers.get("guardian-token"), None);
    let done: SignedOut = app.sign_out(SignOutScope::Local).await.json();
    assert_eq!(done.ended.len(), 1);
    assert_eq!(app.whoami().await, "nobody");
    let twice = app.sign_out(SignOutScope::Local).await;
    assert_eq!(twice.status, StatusCode::OK);
}

#[tokio::test]
async fn no_cache_keeps_a_token() {
    let site = site().await;
    let sign_in = post(async |auth: Auth| {
        let identity = Identity::new("ada", Profile::new("Ada")).app();
        auth.sign_in(identity).await.unwrap();
        [(header::CACHE_CONTROL, "public, max-age=60")]
    });
    let router = axum::Router::new().route("/", sign_in);
    let mut app = App::new(&site.guardian.protect(router));
    let response = app.post("/").await;
    assert!(app.token.is_some());
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn every_scope_includes_apps() {
    let site = site().await;
    for (scope, app_is, other_is, browser_is) in [
        (SignOutScope::Local, "nobody", "ada", "ada"),
        (SignOutScope::Browser, "nobody", "ada", "ada"),
        (SignOutScope::Others, "ada", "nobody", "nobody"),
        (SignOutScope::Global, "nobody", "nobody", "nobody"),
    ] {
        let mut app = site.app_signed_in("ada").await;
        let mut other = site.app_signed_in("ada").await;
        let mut browser = site.signed_in("ada").await;
        let response = app.sign_out(scope).await;
        assert_eq!(response.status, StatusCode::OK, "{scope}");
        assert_eq!(app.whoami().await, app_is, "{scope}");
        assert_eq!(other.whoami().await, other_is, "{scope}");
        assert_eq!(browser.whoami().await, browser_is, "{scope}");
        site.execute("delete from guardian_session").await;
    }
}

#[tokio::test]
async fn a_browser_ends_an_apps_session_and_a_waiting_request_hears_it() {
    let site = site().await;
    let mut app = site.app_signed_in("ada").await;
    let mut browser = site.signed_in("ada").await;
    let mut waiting = app.clone();
    let waits = tokio::spawn(async move { waiting.get("/wait").await });
    site.pause.reached.notified().await;
    let sessions = browser.sessions().await;
    let shown: Vec<_> = sessions
        .iter()
        .map(|session| session.browser.as_deref())
        .collect();
    assert_eq!(shown, [None, Some("App")]);
    let handle = &sessions[1].handle;
    browser.post(&format!("/sign-out-session/{handle}")).await;
    assert_eq!(waits.await.unwrap().status, StatusCode::OK);
    assert_eq!(app.whoami().await, "nobody");
    assert_eq!(browser.whoami().await, "ada");
}

#[tokio::test]
async fn the_list_knows_the_apps_system() {
    let site = site().await;
    let mut app = site.app();
    let agent = "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)";
    let request = Request::post("/sign-in-app/ada").header(header::USER_AGENT, agent);
    app.send(request, "").await;
    let page: Result<leptos_guardian::SessionPage, AuthError> = app.get("/sessions").await.json();
    let session = &page.unwrap().sessions[0];
    assert_eq!(session.browser.as_deref(), Some("App"));
    assert_eq!(session.system.as_deref(), Some("Android"));
    assert!(session.is_current);
}

#[tokio::test]
async fn whatever_raises_trust_gives_the_app_another_token() {
    let site = site().await;
    for path in [
        "/renew-token",
        "/confirm/password",
        "/sign-out-others",
        "/change-and-renew",
        "/confirm-and-renew",
    ] {
        let mut app = site.app_signed_in("ada").await;
        let mut copy = app.clone();
        let response = app.post(path).await;
        assert_eq!(response.status, StatusCode::OK, "{path}");
        assert_ne!(app.token, copy.token, "{path}");
        assert_eq!(app.whoami().await, "ada", "{path}");
        assert_eq!(copy.whoami().await, "nobody", "{path}");
    }
}

#[tokio::test]
async fn another_sign_in_replaces_the_apps_session() {
    for accounts in [1, 3] {
        let site = Site::with(|builder| {
            builder
                .accept_bearer_tokens()
                .accounts_per_browser(accounts)
        })
        .await;
        let mut app = site.app_signed_in("ada").await;
        let mut copy = app.clone();
        app.post("/sign-in-app/bob").await;
        assert_eq!(app.whoami().await, "bob");
        assert_eq!(copy.whoami().await, "nobody");
        assert_eq!(site.count("guardian_session").await, 1);
    }
}

#[tokio::test]
async fn an_apps_user_has_data_and_an_app_alone_has_none() {
    let site = site().await;
    let mut app = site.app_signed_in("ada").await;
    app.post("/remember/cart").await;
    assert_eq!(app.get("/recall").await.body, "cart");
    app.post("/renew-token").await;
    assert_eq!(app.get("/recall").await.body, "cart");
    let mut copy = app.clone();
    app.sign_out(SignOutScope::Local).await;
    copy.post("/remember/again").await;
    assert_eq!(copy.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 0);
}

/// A browser keeps them under a new token. An app that has signed out has none.
#[tokio::test]
async fn what_is_the_visitors_goes_with_an_apps_session() {
    let site = Site::with(|builder| builder.accept_bearer_tokens().keep_visitor_data("word")).await;
    let mut app = site.app_signed_in("ada").await;
    app.post("/remember/cart").await;
    let token = app.token.clone();
    app.sign_out(SignOutScope::Local).await;
    assert_eq!(app.token, token);
    assert_eq!(app.get("/recall").await.body, "nothing");
}

/// What a thief has of the one does not become the other.
#[tokio::test]
async fn a_token_is_no_cookie_and_a_cookie_is_no_token() {
    let site = site().await;
    let app = site.app_signed_in("ada").await;
    let mut browser = site.signed_in("bob").await;
    let bobs = browser.cookies.clone();

    let token = app.token.clone().unwrap();
    let signed = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
    let mut thief = site.browser();
    let signed = String::from_utf8(signed).unwrap();
    for value in [signed.replace("bearer.", ""), signed, token] {
        thief.cookies = vec![("guardian".into(), value)];
        assert_eq!(thief.whoami().await, "nobody");
    }

    let (_, value) = bobs.iter().find(|(name, _)| name == "guardian").unwrap();
    for value in [value.clone(), format!("bearer.{value}")] {
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(value));
        let mut thief = App {
            token: Some(token),
            ..site.app()
        };
        let response = thief.get("/whoami").await;
        assert_refused(
            &response,
            &AuthError::InvalidToken,
            StatusCode::UNAUTHORIZED,
            "invalid_token",
        );
    }
    assert_eq!(browser.whoami().await, "bob");
}

#[tokio::test]
async fn a_copy_of_the_database_holds_no_token() {
    let site = site().await;
    let app = site.app_signed_in("ada").await;
    let token = app.token.unwrap();
    let signed = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
    let (_, id) = std::str::from_utf8(&signed)
        .unwrap()
        .split_once("bearer.")
        .unwrap();
    let copy = site.copy_of_database().await;
    for secret in [token.as_bytes(), id.as_bytes()] {
        assert!(!copy.windows(secret.len()).any(|part| part == secret));
    }
}

#[tokio::test]
async fn a_token_beside_a_cookie_is_refused_and_changes_nothing() {
    let site = site().await;
    let mut app = site.app_signed_in("ada").await;
    let mut browser = site.signed_in("bob").await;
    let mut stale = site.browser();
    stale.cookies = vec![("guardian".into(), "of an earlier key".into())];
    for browser in [&mut browser, &mut stale] {
        for path in ["/sign-out/global", "/sign-in-app/eve", "/sign-in/eve"] {
            let token = app.token.clone().unwrap();
            let request = Request::post(path).header(header::AUTHORIZATION, bearer(&token));
            let response = browser.send(request).await;
            assert_refused(
                &response,
                &AuthError::TokenBesideCookie,
                StatusCode::BAD_REQUEST,
                "invalid_request",
            );
        }
    }
    assert_eq!(app.whoami().await, "ada");
    assert_eq!(browser.whoami().await, "bob");
}

/// Otherwise a client would have both.
#[tokio::test]
async fn nobody_gets_a_token_beside_a_cookie() {
    let site = site().await;
    let mut browser = site.signed_in("ada").await;
    let mut visitor = site.browser();
    visitor.post("/remember/cart").await;
    for browser in [&mut browser, &mut visitor] {
        let response = browser.post("/sign-in-app/bob").await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
        assert_eq!(response.json::<AuthError>(), AuthError::TokenBesideCookie);
    }
    let mut app = site.app_signed_in("eve").await;
    let response = app.post("/sign-in/bob").await;
    assert_eq!(response.json::<AuthError>(), AuthError::TokenBesideCookie);
    assert_eq!(app.whoami().await, "eve");
    assert_eq!(browser.whoami().await, "ada");
    assert_eq!(visitor.get("/recall").await.body, "cart");
    assert_eq!(site.count("guardian_session").await, 2);
}

#[tokio::test]
async fn a_token_in_a_url_is_refused_and_changes_nothing() {
    let site = site().await;
    let mut app = site.app_signed_in("ada").await;
    let token = app.token.clone().unwrap();
    for path in [
        format!("/whoami?access_token={token}"),
        format!("/whoami?a=b&token={token}"),
        format!("/recent/{token}"),
    ] {
        // With the token in the right place, too.
        for client in [&mut site.app(), &mut app] {
            let response = client.get(&path).await;
            assert_refused(
                &response,
                &AuthError::TokenInUrl,
                StatusCode::BAD_REQUEST,
                "invalid_request",
            );
        }
    }
    assert_eq!(app.whoami().await, "ada");
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_refused() {
    let site = site().await;
    let token = site.app_signed_in("ada").await.token.unwrap();
    let elsewhere = self::site().await.app_signed_in("ada").await.token.unwrap();
    let (shorter, _) = token.split_at(token.len() - 4);
    for token in [
        PREFIX.to_owned(),
        format!("{PREFIX}!"),
        format!("{PREFIX}AAAA"),
        shorter.to_owned(),
        format!("{token}AAAA"),
        format!("{token}="),
        elsewhere,
    ] {
        let mut app = App {
            token: Some(token.clone()),
            ..site.app()
        };
        for path in ["/whoami", "/recall"] {
            let response = app.get(path).await;
            assert_refused(
                &response,
                &AuthError::InvalidToken,
                StatusCode::UNAUTHORIZED,
                "invalid_token",
            );
        }
    }
    let two = Request::get("/whoami")
        .header(header::AUTHORIZATION, bearer(&token))
        .header(header::AUTHORIZATION, bearer(&token));
    let response = site.browser().send(two).await;
    assert_refused(
        &response,
        &AuthError::Malformed,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
}

/// An app may have keys of its own for machines, with its own middleware.
#[tokio::test]
async fn other_authorization_is_the_apps_business() {
    let site = site().await;
    let token = site.app_signed_in("ada").await.token.unwrap();
    for (authorization, user) in [
        ("Basic YWRhOmFkYQ==".to_owned(), "nobody"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(), "nobody"),
        (format!("Basic {token}"), "nobody"),
        (token.clone(), "nobody"),
        ("Bearer".to_owned(), "nobody"),
        (format!("bearer {token}"), "ada"),
        (format!("BEARER   {token}"), "ada"),
    ] {
        let request = Request::get("/whoami").header(header::AUTHORIZATION, &authorization);
        let response = site.browser().send(request).await;
        assert_eq!(response.body, user, "{authorization}");
    }
    let mut browser = site.signed_in("bob").await;
    let request = Request::get("/whoami").header(header::AUTHORIZATION, "Bearer of-the-app");
    assert_eq!(browser.send(request).await.body, "bob");
}

#[tokio::test]
async fn a_site_that_accepts_no_tokens_gives_and_reads_none() {
    let site = Site::new().await;
    let response = site.app().post("/sign-in-app/ada").await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(response.json::<AuthError>(), AuthError::NoTokens);
    let accepting = site.server(Builder::accept_bearer_tokens).await;
    let mut app = site.app().on(&accepting);
    app.post("/sign-in-app/ada").await;
    assert_eq!(app.whoami().await, "ada");
    let mut there = App {
        token: app.token.clone(),
        ..site.app()
    };
    let response = there.get("/whoami").await;
    assert_eq!(response.body, "nobody");
    assert_eq!(response.headers[header::VARY], "cookie");
}

#[tokio::test]
async fn only_a_valid_token_passes_the_cross_site_check() {
    let site = site().await;
    let from_elsewhere = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header(header::ORIGIN, "capacitor://localhost")
    };
    let mut app = site.app_signed_in("ada").await;
    let response = app.send(from_elsewhere("/renew-token"), "").await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert_eq!(app.whoami().await, "ada");
    let response = site
        .app()
        .send(from_elsewhere("/sign-in-app/eve"), "")
        .await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    let mut browser = site.signed_in("bob").await;
    for authorization in ["Bearer of-the-app", "Bearer guardian_token_AAAA"] {
        let request =
            from_elsewhere("/sign-out/global").header(header::AUTHORIZATION, authorization);
        let response = browser.send(request).await;
        assert!(response.status.is_client_error(), "{authorization}");
    }
    assert_eq!(browser.whoami().await, "bob");
}

#[tokio::test]
async fn a_401_says_that_a_token_would_be_accepted() {
    let accepting = site().await;
    let response = accepting.app().get("/recent/60").await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers[header::WWW_AUTHENTICATE], "Bearer");
    let site = Site::new().await;
    let response = site.browser().get("/recent/60").await;
    assert_eq!(response.headers.get(header::WWW_AUTHENTICATE), None);
}

/// Nothing takes the token from the app, so the app must know that it still signs in.
#[tokio::test]
async fn a_failed_sign_out_leaves_the_app_signed_in_and_can_be_repeated() {
    let site = site().await;
    let mut app = site.app_signed_in("ada").await;
    for scope in [SignOutScope::Local, SignOutScope::Global] {
        site.execute("alter table guardian_event rename to away")
            .await;
        let response = app.sign_out(scope).await;
        site.execute("alter table away rename to guardian_event")
            .await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
        let error: SignOutError = response.json();
        let expected = SignOutError::Unavailable {
            signed_out_here: false,
        };
        assert_eq!(error, expected);
        assert_eq!(app.whoami().await, "ada");
    }
    app.sign_out(SignOutScope::Local).await;
    assert_eq!(app.whoami().await, "nobody");
}

#[tokio::test]
async fn what_an_old_key_signed_is_signed_again() {
    let [new, old] = [SigningKey::generate(), SigningKey::generate()];
    let with_keys =
        |keys: Vec<SigningKey>| move |builder: Builder| builder.accept_bearer_tokens().keys(keys);
    let site = Site::with(with_keys(vec![old.clone()])).await;
    let both = site.server(with_keys(vec![new.clone(), old])).await;
    let after = site.server(with_keys(vec![new])).await;
    let first = site.app_signed_in("ada").await;

    let files = axum::Router::new().route("/file", get(async || "the same for everybody"));
    let mut reader = App {
        token: first.token.clone(),
        ..App::new(&both.guardian.protect(files))
    };
    reader.get("/file").await;
    assert_eq!(reader.token, first.token);

    let mut app = first.on(&both);
    assert_eq!(app.whoami().await, "ada");
    assert_ne!(app.token, first.token);
    assert_eq!(app.on(&after).whoami().await, "ada");
    assert_eq!(
        first.on(&after).get("/whoami").await.status,
        StatusCode::UNAUTHORIZED
    );
    // A late response does not sign an ended session's token again.
    let mut late = first.on(&both);
    app.sign_out(SignOutScope::Local).await;
    assert_eq!(late.whoami().await, "nobody");
}

/// The cookie's path is not the token's.
#[tokio::test]
async fn an_app_calls_the_functions_wherever_cookies_go() {
    let site = Site::with(|builder| builder.accept_bearer_tokens().cookie_path("/shop"))
        .await
        .add_api();
    let mut app = site.app_signed_in("ada").await;
    let response = app.post("/api/sign_out").await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert_eq!(app.whoami().await, "nobody");
    let response = Browser::new(&site.router).post("/api/sign_out").await;
    assert_eq!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn only_a_site_that_accepts_tokens_describes_them() {
    let own =
        r#"{"info": {"title": "Ours"}, "paths": {"/api/session": {"post": {"summary": "Who?"}}}}"#;
    let accepting = site().await;
    for (site, accepts) in [(Site::new().await, false), (accepting, true)] {
        let router = site.guardian.openapi("Theirs", own);
        let response = Browser::new(&router).get("/api/openapi.json").await;
        let description: serde_json::Value = response.json();
        let security = &description["paths"]["/api/sessions"]["post"]["security"];
        assert_eq!(security.as_array().unwrap().len(), 1 + usize::from(accepts));
        assert_eq!(response.body.contains("\"bearer\""), accepts);
        // The app's own words stay.
        assert_eq!(description["info"]["title"], "Ours");
        let session = &description["paths"]["/api/session"]["post"];
        assert_eq!(session["summary"], "Who?");
        assert_eq!(session["operationId"], "session");
    }
}
