//! The password is asked for again before an e-mail address changes or other sessions end, if the last proof
//! of identity is older than ten minutes (OWASP ASVS 5.0, 7.5.1 and 7.5.2).

mod common;

use common::{PASSWORD, Site, TestResponse};
use http::{Request, StatusCode, header};
use leptos_guardian::with_pool;
use serde_json::json;
use server::config::COOKIE_NAME;

const FORM: &str = "application/x-www-form-urlencoded";

/// Lets some seconds pass for the proofs of all sessions.
async fn pass_time(site: &Site, seconds: i64) {
    let pass = format!(
        "update guardian_session set created_at = created_at - {seconds},
        proved_at = proved_at - {seconds}"
    );
    with_pool!(&site.database, pool => {
        sqlx::query(&pass).execute(pool).await.unwrap();
    });
}

/// A user whose sign-in, here and there, was some seconds ago.
async fn signed_in_before(site: &Site, seconds: i64) -> [String; 2] {
    let here = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let there = site.post("/api/sign_in", "", &fields).await;
    pass_time(site, seconds).await;
    [here, there.cookie("session").unwrap()]
}

async fn handle_of(site: &Site, cookie: &str) -> String {
    let user = site.who_is(cookie).await;
    user["session"].as_str().unwrap().to_owned()
}

/// A plain form on this page.
async fn submit_on(site: &Site, page: &str, cookie: &str, fields: &str) -> TestResponse {
    let request = Request::post("/api/sign_out")
        .header(header::CONTENT_TYPE, FORM)
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT, "text/html,*/*;q=0.8")
        .header(header::REFERER, format!("http://127.0.0.1:3000{page}"));
    site.send(request, fields.to_owned()).await
}

async fn confirm(site: &Site, cookie: &str) -> String {
    let response = site
        .post("/api/confirm", cookie, format!("password={PASSWORD}"))
        .await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    response.cookie("session").unwrap()
}

#[tokio::test]
async fn other_sessions_end_only_after_a_recent_proof() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 601).await;
    let session = handle_of(&site, &there).await;
    let fields = [
        "scope=others".to_owned(),
        "scope=global".to_owned(),
        "scope=others&redirect=false".to_owned(),
        format!("session={session}"),
        format!("scope=global&session={session}"),
    ];
    for fields in &fields {
        let refused = site.post("/api/sign_out", &here, fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{fields}");
        let body = refused.json();
        assert_eq!(body["error"], "confirmation_required");
        assert!(
            body["url"]
                .as_str()
                .unwrap()
                .starts_with("/confirm?callback_url=")
        );
        assert_eq!(body["message"], "Please confirm first that it is you.");
        assert!(refused.cookie("session").is_none());

        let response = submit_on(&site, "/account/sessions?after=1.a", &here, fields).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        let back = "/confirm?callback_url=%2Faccount%2Fsessions%3Fafter%3D1.a";
        assert_eq!(response.location(), back, "{fields}");
        assert!(site.who_is(&there).await.is_object(), "{fields}");
    }
    let here = confirm(&site, &here).await;
    let ended = site.post("/api/sign_out", &here, &fields[3]).await;
    assert_eq!(ended.json()["ended"], json!([session]));
    assert!(site.who_is(&there).await.is_null());
    let everywhere = site.post("/api/sign_out", &here, "scope=global").await;
    assert_eq!(everywhere.status, StatusCode::OK);
}

#[tokio::test]
async fn a_recent_sign_in_is_asked_nothing() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 500).await;
    let response = site.post("/api/sign_out", &here, "scope=others").await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(site.who_is(&there).await.is_null());
}

#[tokio::test]
async fn signing_out_this_browser_never_asks() {
    let site = Site::new().await;
    for (n, fields) in ["", "scope=local", "scope=browser", "session=own"]
        .into_iter()
        .enumerate()
    {
        let here = site.sign_up(&format!("ada{n}@example.com")).await;
        pass_time(&site, 1_000_000).await;
        let fields = fields.replace("own", &handle_of(&site, &here).await);
        let response = site.post("/api/sign_out", &here, &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{fields}");
        assert!(site.who_is(&here).await.is_null(), "{fields}");
    }
    // Another account on this browser.
    let ada = site.sign_up("ada@example.com").await;
    let fields = format!("name=Bob&email=bob@example.com&password={PASSWORD}");
    let both = site.post("/api/sign_up", &ada, &fields).await;
    let both = both.cookie("session").unwrap();
    pass_time(&site, 601).await;
    let accounts = site.who_is(&both).await;
    let other = accounts["others"][0]["session"].as_str().unwrap();
    let response = site
        .post("/api/sign_out", &both, format!("session={other}"))
        .await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert_eq!(site.who_is(&both).await["others"], json!([]));
}

/// The page has forgotten the user, so nobody can confirm it.
#[tokio::test]
async fn a_pending_sign_out_everywhere_is_carried_out() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 601).await;
    let pending = format!("{here}; {COOKIE_NAME}_pending_sign_out-3000=1");
    let response = site.post("/api/sign_out", &pending, "scope=others").await;
    assert_eq!(response.error(), "confirmation_required");
    let response = site.post("/api/sign_out", &pending, "scope=global").await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    assert!(site.who_is(&there).await.is_null());
}

#[tokio::test]
async fn the_sign_out_page_keeps_what_was_chosen() {
    let site = Site::new().await;
    let [here, _] = signed_in_before(&site, 601).await;
    let fields = "scope=global&callback_url=/bye";
    let response = submit_on(&site, "/sign-out?callback_url=/bye", &here, fields).await;
    let back = "/confirm?callback_url=%2Fsign-out%3Fscope%3Dglobal%26callback_url%3D%252Fbye";
    assert_eq!(response.location(), back);
    // A script without a page, or a page of another site, goes there, too.
    let script = site.post("/api/sign_out", &here, fields).await;
    assert_eq!(script.json()["url"], back);
}

#[tokio::test]
async fn a_confirmation_leads_back_with_a_new_token() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 601).await;
    let page = site
        .get("/confirm?callback_url=%2Faccount%2Fsessions", &here)
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("ada@example.com"), "{}", page.body);
    assert!(
        page.body
            .contains(r#"name="callback_url" value="/account/sessions""#)
    );
    let wrong = "password=wrong+password&callback_url=/account/sessions";
    let response = site.submit("/api/confirm", &here, wrong).await;
    assert_eq!(
        response.location(),
        "/confirm?callback_url=%2Faccount%2Fsessions"
    );
    assert!(response.cookie("session").is_none());
    let flash = format!("{here}; {}", response.cookie("flash").unwrap());
    let page = site.get(response.location(), &flash).await;
    assert!(
        page.body.contains("The password is wrong."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("wrong password"));

    let right = format!("password={PASSWORD}&callback_url=/account/sessions");
    let response = site.submit("/api/confirm", &here, &right).await;
    assert_eq!(response.location(), "/account/sessions");
    let new = response.cookie("session").unwrap();
    assert!(
        site.who_is(&here).await.is_null(),
        "a copy of the previous token"
    );
    assert!(site.who_is(&new).await.is_object());
    assert!(site.who_is(&there).await.is_object());
    let mut here = new;
    for foreign in ["https://evil.example", "//evil.example", ""] {
        let fields = format!("password={PASSWORD}&callback_url={foreign}");
        let response = site.post("/api/confirm", &here, &fields).await;
        assert_eq!(response.json()["url"], "/account", "{foreign}");
        here = response.cookie("session").unwrap();
    }
}

#[tokio::test]
async fn a_confirmation_needs_a_user_and_the_right_password() {
    let site = Site::new().await;
    let nobody = site
        .post("/api/confirm", "", format!("password={PASSWORD}"))
        .await;
    assert_eq!(
        (nobody.status.as_u16(), nobody.error().as_str()),
        (401, "signed_out")
    );
    let page = site.get("/confirm?callback_url=%2Faccount", "").await;
    assert!(
        page.location()
            .starts_with("/sign-in?callback_url=%2Fconfirm")
    );
    let [here, _] = signed_in_before(&site, 601).await;
    for fields in ["", "password=", "password=wrong+password"] {
        let wrong = site.post("/api/confirm", &here, fields).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.error().as_str()),
            (403, "not_confirmed")
        );
    }
}

/// Ten, counted for the session together with those of the other forms that need the password.
#[tokio::test]
async fn guesses_at_a_confirmation_are_few() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 601).await;
    for _ in 0..5 {
        site.post("/api/confirm", &here, "password=wrong+password")
            .await;
        let fields = "confirm_password=wrong+password";
        site.post("/api/delete_account", &here, fields).await;
    }
    let fields = format!("password={PASSWORD}");
    let refused = site.post("/api/confirm", &here, &fields).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.error(), "too_many_attempts");
    confirm(&site, &there).await;
}

#[tokio::test]
async fn a_changed_password_is_a_proof() {
    let site = Site::new().await;
    let [here, _] = signed_in_before(&site, 601).await;
    let fields = format!("current_password={PASSWORD}&password=a+new+password");
    let changed = site.post("/api/change_password", &here, &fields).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let here = changed.cookie("session").unwrap();
    let response = site.post("/api/sign_out", &here, "scope=others").await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

#[tokio::test]
async fn an_address_changes_only_after_a_recent_proof() {
    let site = Site::new().await;
    let [here, there] = signed_in_before(&site, 601).await;
    let page = site.get("/account/email", &here).await;
    assert_eq!(page.location(), "/confirm?callback_url=%2Faccount%2Femail");
    assert!(!page.body.contains("/api/change_email"), "the form");
    let new = "email=ada@new.example";
    let refused = site.post("/api/change_email", &here, new).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.error(), "confirmation_required");
    assert_eq!(
        site.who_is(&here).await["profile"]["email"],
        "ada@example.com"
    );

    let here = confirm(&site, &here).await;
    let page = site.get("/account/email", &here).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Change e-mail address"));
    let changed = site.submit("/api/change_email", &here, new).await;
    assert_eq!(changed.location(), "/account");
    assert!(
        site.who_is(&here).await.is_null(),
        "a copy of the previous token"
    );
    let here = changed.cookie("session").unwrap();
    for cookie in [&here, &there] {
        assert_eq!(
            site.who_is(cookie).await["profile"]["email"],
            "ada@new.example"
        );
    }
    let flash = format!("{here}; {}", changed.cookie("flash").unwrap());
    let page = site.get("/account", &flash).await;
    assert!(page.body.contains("Your e-mail address is changed."));
    for (email, status) in [("ada@example.com", 401), ("ada@new.example", 200)] {
        let fields = format!("email={email}&password={PASSWORD}");
        let response = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(response.status.as_u16(), status, "{email}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_or_none_is_refused() {
    let site = Site::new().await;
    site.sign_up("taken@example.com").await;
    let here = site.sign_up("ada@example.com").await;
    for (email, status, error) in [
        ("taken@example.com", 409, "email_taken"),
        (" TAKEN@Example.com", 409, "email_taken"),
        ("no address", 422, "email"),
        ("", 422, "email"),
    ] {
        let response = site
            .post("/api/change_email", &here, format!("email={email}"))
            .await;
        let found = (response.status.as_u16(), response.error());
        assert_eq!(found, (status, error.to_owned()), "{email}");
        assert!(response.cookie("session").is_none());
    }
    let nobody = site
        .post("/api/change_email", "", "email=a@example.com")
        .await;
    assert_eq!(nobody.error(), "signed_out");
    // Its own address, in another spelling.
    let same = site
        .post("/api/change_email", &here, "email=Ada@Example.com")
        .await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.body);
}

/// As a sign-up, the form tells whether an address has an account.
#[tokio::test]
async fn addresses_are_not_tried_out_by_the_hundred() {
    let site = Site::with_attempts("3").await;
    site.sign_up("taken@example.com").await;
    let here = site.sign_up("ada@example.com").await;
    let taken = "email=taken@example.com";
    let first = site.post("/api/change_email", &here, taken).await;
    assert_eq!(first.error(), "email_taken");
    let second = site.post("/api/change_email", &here, taken).await;
    assert_eq!(second.error(), "too_many_attempts");
}

/// The page was open for long. What was typed waits until the user has confirmed, whatever they get wrong.
#[tokio::test]
async fn a_form_that_was_filled_in_before_comes_back_filled_in() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    pass_time(&site, 601).await;
    let response = site
        .submit("/api/change_email", &here, "email=ada@new.example")
        .await;
    assert_eq!(
        response.location(),
        "/confirm?callback_url=%2Faccount%2Femail"
    );
    let kept = response.set_cookie("interrupted_form").unwrap();
    assert!(
        kept.contains("Max-Age=600") && kept.contains("HttpOnly"),
        "{kept}"
    );
    let kept = response.cookie("interrupted_form").unwrap();
    let with_kept = |cookie: &str| format!("{cookie}; {kept}");

    let page = site.get(response.location(), &with_kept(&here)).await;
    assert!(
        page.cookie("interrupted_form").is_none(),
        "it waits for its own page"
    );
    let fields = "password=wrong+password&callback_url=/account/email";
    let wrong = site.submit("/api/confirm", &with_kept(&here), fields).await;
    let flash = format!("{}; {}", with_kept(&here), wrong.cookie("flash").unwrap());
    let page = site.get(wrong.location(), &flash).await;
    assert!(page.body.contains("The password is wrong."));
    assert!(page.cookie("interrupted_form").is_none());

    let here = with_kept(&confirm(&site, &here).await);
    let page = site.get("/account/email", &here).await;
    assert!(
        page.body.contains(r#"value="ada@new.example""#),
        "{}",
        page.body
    );
    assert!(page.body.contains("then send the form once more"));
    assert_eq!(
        page.cookie("interrupted_form").as_deref(),
        Some("interrupted_form-3000=")
    );
    assert_eq!(page.headers["cache-control"], "no-store");
}

/// Both tabs share the cookie, and both confirm.
#[tokio::test]
async fn a_second_tab_goes_on_with_the_new_token() {
    let site = Site::new().await;
    let [here, _] = signed_in_before(&site, 601).await;
    let first = confirm(&site, &here).await;
    let late = site
        .post("/api/confirm", &here, format!("password={PASSWORD}"))
        .await;
    assert_eq!(
        late.error(),
        "signed_out",
        "it was sent before the new token arrived"
    );
    assert!(
        late.cookie("session").is_none(),
        "and leaves the new one alone"
    );
    let second = confirm(&site, &first).await;
    let response = site.post("/api/sign_out", &second, "scope=others").await;
    assert_eq!(response.status, StatusCode::OK);
}
