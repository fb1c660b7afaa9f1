//! `/guardian/signed-in`: a browser that keeps the cookie of a sign-in goes on, and one that does not is told why.

mod common;
#[path = "redirects/hostile.rs"]
mod hostile;

use axum::{
    Router,
    extract::{Path, Query},
    response::Redirect,
    routing::{get, post},
};
use common::{Browser, Log, Site, TestResponse};
use hostile::assert_safe;
use http::{Method, Request, StatusCode, header};
use leptos_guardian::{
    AuthError, Profile, Reason,
    server::{Auth, Builder, Identity, SameSite},
};
use std::{collections::HashMap, time::Duration};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const FORM: &str = "http://site.test/sign-in?callback_url=%2Faccount";

/// What `after_sign_in` makes of `/account?tab=1#name`.
const CHECK: &str = "/guardian/signed-in?callback_url=%2Faccount%3Ftab%3D1%23name";

async fn sign_in(
    auth: Auth,
    Path(user): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Redirect, AuthError> {
    let identity = Identity::new(user.clone(), Profile::new(user)).method("test");
    auth.sign_in(identity).await?;
    let redirects = auth.guardian().redirects();
    let target = redirects.check(&query["to"]);
    let target = target.unwrap_or_else(|_| redirects.home());
    Ok(Redirect::to(auth.after_sign_in(&target).as_str()))
}

async fn no_sign_in(auth: Auth) -> Redirect {
    let home = auth.guardian().redirects().home();
    Redirect::to(auth.after_sign_in(&home).as_str())
}

/// A site whose sign-in is a plain form, and a browser.
async fn site(configure: impl FnOnce(Builder) -> Builder) -> (Site, Browser) {
    let mut site = Site::with(configure).await;
    let forms = Router::new()
        .route("/form/{user}", post(sign_in))
        .route("/no-sign-in", get(no_sign_in));
    site.router = site.guardian.protect(site.routes().merge(forms));
    let browser = site.browser();
    (site, browser)
}

fn location(response: &TestResponse) -> &str {
    assert_eq!(response.status, StatusCode::SEE_OTHER, "{}", response.body);
    response.headers[header::LOCATION].to_str().unwrap()
}

/// Sends the form, with a target. Returns where the response leads.
async fn submit(browser: &mut Browser, to: &str) -> String {
    let request = Request::post(form("ada", to)).header(header::ACCEPT, HTML);
    location(&browser.send(request).await).to_owned()
}

fn form(user: &str, to: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("/form/{user}?to={to}")
}

/// Opens the check as a browser that has kept no cookie, with these headers.
async fn check(browser: &Browser, headers: &[(&str, &str)]) -> TestResponse {
    let request = headers
        .iter()
        .fold(Request::get(CHECK), |request, (name, value)| {
            request.header(*name, *value)
        });
    let mut browser = browser.clone();
    browser.cookies.clear();
    browser.send(request).await
}

fn assert_refused(page: &TestResponse, text: &str) {
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
    assert!(!page.headers.contains_key(header::LOCATION));
    assert!(page.body.contains(text), "{}", page.body);
}

/// The page's only link, decoded.
fn link(page: &TestResponse) -> String {
    let (_, rest) = page.body.split_once("<a href=\"").expect("a link");
    assert!(!rest.contains("<a "), "{rest}");
    rest.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[tokio::test]
async fn a_browser_that_keeps_the_cookie_goes_on_to_the_target() {
    let (_site, browser) = site(|builder| builder.allow_redirect_origin("https://docs.test")).await;
    for target in ["/account?tab=1#name", "https://docs.test/a?b#c", "/"] {
        let mut browser = browser.clone();
        let to = submit(&mut browser, target).await;
        assert!(to.starts_with("/guardian/signed-in?callback_url="), "{to}");
        for _ in ["once", "reloaded"] {
            let checked = browser.get(&to).await;
            assert_eq!(location(&checked), target);
            assert_eq!(checked.headers[header::CACHE_CONTROL], "no-store");
            assert_eq!(checked.headers[header::VARY], "cookie");
            assert!(checked.all_set_cookies().is_empty());
        }
        assert_eq!(browser.whoami().await, "ada");
    }
}

#[tokio::test]
async fn a_browser_that_refuses_the_cookie_reads_what_to_do() {
    let (_site, browser) = site(|builder| builder).await;
    let log = Log::start();
    let page = check(&browser, &[("referer", FORM)]).await;
    assert_refused(&page, "Allow cookies for this site");
    assert_eq!(link(&page), "/sign-in?callback_url=%2Faccount");
    assert!(!page.body.contains("https://"), "the site has no https");
    for part in [
        "<!DOCTYPE html>",
        "<html lang=\"en\"",
        "<title>This browser is not signed in</title>",
        "<h1>This browser is not signed in",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert_eq!(page.body.matches("<main").count(), 1);
    assert!(!page.body.contains("<script"));
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers[header::VARY], "cookie");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str();
    let policy = policy.unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    for said in [
        "a browser has sent no cookie",
        "cookie=\"guardian\"",
        "SITE_URL",
    ] {
        log.assert_contains("WARN", said);
    }
}

#[tokio::test]
async fn a_site_for_https_that_is_opened_over_http_says_so() {
    let (_site, browser) = site(|builder| builder.site_url("https://site.test")).await;
    let log = Log::start();
    let page = check(&browser, &[("referer", FORM)]).await;
    assert_refused(&page, "opened this site at http://site.test.");
    assert!(page.body.contains("only at https://site.test."));
    let form = "https://site.test/sign-in?callback_url=%2Faccount";
    assert_eq!(link(&page), form);
    for said in [
        "opened=\"http://site.test\"",
        "site=\"https://site.test\"",
        "SITE_URL",
    ] {
        log.assert_contains("WARN", said);
    }
    // At another host, such as an address in the local network.
    let elsewhere = [
        ("referer", "http://10.0.0.5:3000/sign-in"),
        ("host", "10.0.0.5:3000"),
    ];
    let page = check(&browser, &elsewhere).await;
    assert_refused(&page, "opened this site at http://10.0.0.5:3000.");
    assert_eq!(link(&page), "https://site.test/sign-in");
    // It may be http: nothing tells.
    let page = check(&browser, &[]).await;
    assert_refused(&page, "Allow cookies for this site");
    assert!(page.body.contains("begins with https://"), "{}", page.body);
    // Over https, the address is right.
    let secure = ("referer", "https://site.test/sign-in");
    let page = check(&browser, &[secure]).await;
    assert_refused(&page, "Allow cookies for this site");
    assert_eq!(link(&page), "/sign-in");
}

/// The cookie is for another domain.
#[tokio::test]
async fn a_site_that_is_opened_outside_the_cookies_domain_says_so() {
    let configure = |builder: Builder| {
        builder
            .site_url("https://www.app.test")
            .cookie_domain("app.test")
    };
    let (_site, browser) = site(configure).await;
    for (host, is_right) in [
        ("www.app.test", true),
        ("app.test", true),
        ("myapp.test", false),
        ("10.0.0.5", false),
    ] {
        let referer = format!("https://{host}/sign-in");
        let page = check(&browser, &[("referer", &referer), ("host", host)]).await;
        let text = if is_right {
            "Allow cookies for this site"
        } else {
            "browsers keep this cookie only at https://www.app.test."
        };
        assert_refused(&page, text);
    }
}

#[tokio::test]
async fn another_sites_referer_is_not_believed() {
    let (_site, browser) = site(|builder| builder.site_url("https://site.test")).await;
    for referer in [
        "http://evil.test/sign-in",
        "http://site.test.evil.test/sign-in",
        "http://site.test@evil.test/sign-in",
        "javascript://site.test/%0Aalert(1)",
        "https://site.test//evil.test",
        "https://site.test/guardian/signed-in?callback_url=%2F",
        "http:",
        "\u{1}",
        "",
    ] {
        let Ok(value) = http::HeaderValue::from_str(referer) else {
            continue;
        };
        let request = Request::get(CHECK).header("referer", value);
        let page = browser.clone().send(request).await;
        assert_refused(&page, "Allow cookies for this site");
        assert_eq!(link(&page), "/account?tab=1#name", "{referer}");
    }
    let quote = "https://site.test/sign-in?\"><script>alert(1)</script>";
    let page = check(&browser, &[("referer", quote)]).await;
    assert!(!page.body.contains("<script"), "{}", page.body);
}

#[tokio::test]
async fn a_cookie_of_another_key_is_not_called_refused() {
    let (_site, browser) = site(|builder| builder).await;
    let (other_site, mut other) = site(|builder| builder).await;
    submit(&mut other, "/").await;
    let cookie = other.cookies[0].clone();
    assert_eq!(cookie.0, other_site.guardian.session_cookie_name());
    let log = Log::start();
    for value in [cookie.1.as_str(), "nonsense", ""] {
        let mut browser = browser.clone();
        browser.cookies = vec![(cookie.0.clone(), value.into())];
        let page = browser.get(CHECK).await;
        assert_refused(&page, "does not recognize");
        assert_eq!(link(&page), "/account?tab=1#name");
    }
    log.assert_contains("WARN", "need the same keys");
}

#[tokio::test]
async fn only_what_a_person_sees_leads_through_the_check() {
    let (site, browser) = site(|builder| builder).await;
    let target = "/account?tab=1#name";
    assert_eq!(submit(&mut browser.clone(), target).await, CHECK);
    // A script, which shows its own page.
    for accept in ["application/json", "*/*"] {
        let request = Request::post(form("ada", target)).header(header::ACCEPT, accept);
        let response = browser.clone().send(request).await;
        assert_eq!(location(&response), target, "{accept}");
    }
    // A browser that keeps the cookie: it has sent it, whoever was signed in.
    let mut known = browser.clone();
    submit(&mut known, target).await;
    assert_eq!(submit(&mut known, target).await, target);
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    assert_eq!(submit(&mut known, target).await, target);
    // Nobody has signed in, so the browser got no cookie.
    let request = Request::get("/no-sign-in").header(header::ACCEPT, HTML);
    assert_eq!(location(&browser.clone().send(request).await), "/");
    // What does not fit goes on unchecked.
    let long = format!("/{}", "%".repeat(1000));
    let to = submit(&mut browser.clone(), &long).await;
    assert_eq!(to, long);
}

/// The check would not see the cookie, or would be at another path.
#[tokio::test]
async fn where_the_cookie_or_the_route_is_elsewhere_nothing_is_checked() {
    for (path, is_checked) in [
        ("/", true),
        ("/guardian", true),
        ("/form", false),
        ("/guardian/events", false),
    ] {
        let (_site, mut browser) = site(|builder| builder.cookie_path(path)).await;
        let expected = if is_checked {
            CHECK
        } else {
            "/account?tab=1#name"
        };
        assert_eq!(
            submit(&mut browser, "/account?tab=1#name").await,
            expected,
            "{path}"
        );
    }
    let (site, _) = site(|builder| builder).await;
    let mut nested = Browser::new(&Router::new().nest("/shop", site.router.clone()));
    let request = Request::post(format!("/shop{}", form("ada", "/shop/account")));
    let response = nested.send(request.header(header::ACCEPT, HTML)).await;
    assert_eq!(location(&response), "/shop/account");
}

/// With `Strict`, the browser keeps a cookie that it does not send with a redirect from another site.
#[tokio::test]
async fn a_cookie_that_the_browser_withholds_is_not_called_refused() {
    let fetch = |site: &'static str| ("sec-fetch-site", site);
    for (same_site, headers, is_refused) in [
        (SameSite::Strict, vec![fetch("cross-site")], false),
        (SameSite::Strict, vec![fetch("same-origin")], true),
        (SameSite::Strict, vec![fetch("none")], true),
        // An older browser, or http.
        (SameSite::Strict, vec![], false),
        (
            SameSite::Strict,
            vec![("referer", "https://provider.test/")],
            false,
        ),
        (SameSite::Strict, vec![("referer", FORM)], true),
        (SameSite::Lax, vec![fetch("cross-site")], true),
        (SameSite::Lax, vec![], true),
    ] {
        let (_site, browser) = site(|builder| builder.same_site(same_site)).await;
        let page = check(&browser, &headers).await;
        let case = format!("{same_site:?} {headers:?}");
        assert_eq!(page.status == StatusCode::BAD_REQUEST, is_refused, "{case}");
        if !is_refused {
            assert_eq!(location(&page), "/account?tab=1#name", "{case}");
        }
    }
}

/// The frame of another site shows the page, too.
#[tokio::test]
async fn a_frame_reads_what_to_do() {
    let configure = |builder: Builder| {
        builder
            .site_url("https://site.test")
            .same_site(SameSite::None)
    };
    let (_site, browser) = site(configure).await;
    let page = check(&browser, &[("sec-fetch-site", "same-origin")]).await;
    assert_refused(&page, "Allow cookies for this site");
    let policy = &page.headers[header::CONTENT_SECURITY_POLICY];
    assert!(!policy.to_str().unwrap().contains("frame-ancestors"));
}

#[tokio::test]
async fn a_session_that_has_ended_meanwhile_is_no_refused_cookie() {
    let (site, mut browser) = site(|builder| builder).await;
    let to = submit(&mut browser, "/account").await;
    let ended = site.guardian.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    assert_eq!(location(&browser.get(&to).await), "/account");

    // A sign-out in another tab has removed the cookie. What the page says is true then, too.
    let to = {
        let mut browser = site.browser();
        submit(&mut browser, "/account").await
    };
    let page = site.browser().get(&to).await;
    assert_refused(&page, "This browser is not signed in");
}

/// A double click sends the form twice, and other cookies of the browser say nothing about this one.
#[tokio::test]
async fn other_requests_and_cookies_do_not_change_what_is_checked() {
    let (_site, browser) = site(|builder| builder).await;
    let (mut first, mut second) = (browser.clone(), browser.clone());
    let to = submit(&mut first, "/account").await;
    assert_eq!(submit(&mut second, "/account").await, to);
    assert_eq!(location(&second.get(&to).await), "/account");

    let pending = ("guardian_pending_sign_out".to_owned(), "1".to_owned());
    second.cookies.push(pending.clone());
    assert_eq!(location(&second.get(&to).await), "/account");

    // Two browsers' tokens: nobody can tell which is this one's, and both are kept.
    let mut contested = first.clone();
    contested.cookies.extend(second.cookies);
    assert_eq!(location(&contested.get(&to).await), "/account");

    let mut refused = browser.clone();
    refused.cookies.push(pending);
    assert_refused(&refused.get(&to).await, "Allow cookies for this site");
}

#[tokio::test]
async fn no_callback_url_leads_to_a_stranger() {
    const SITE: &str = "http://site.test";
    let (_site, mut kept) = site(|builder| builder).await;
    let mut refused = kept.clone();
    submit(&mut kept, "/").await;
    for field in hostile::fields(SITE) {
        let path = format!("/guardian/signed-in?callback_url={field}");
        let Ok(path) = path.parse::<http::Uri>() else {
            continue;
        };
        let request = || Request::get(path.clone());
        let checked = kept.send(request()).await;
        assert_safe(location(&checked), SITE, &[], &field);
        let page = refused.send(request()).await;
        assert_refused(&page, "Allow cookies for this site");
        assert_safe(&link(&page), SITE, &[], &field);
    }
    for query in ["", "?", "?callback_url", "?callback_url=", "?other=/a"] {
        let checked = kept.get(&format!("/guardian/signed-in{query}")).await;
        assert_eq!(location(&checked), "/", "{query}");
    }
}

#[tokio::test]
async fn the_check_is_a_safe_get() {
    let (site, mut browser) = site(|builder| builder).await;
    let to = submit(&mut browser, "/account").await;
    // From a page of another site, too: it reveals and changes nothing.
    let request = Request::get(&to).header("sec-fetch-site", "cross-site");
    assert_eq!(location(&browser.send(request).await), "/account");
    let head = Request::builder().method(Method::HEAD).uri(&to);
    let response = browser.send(head).await;
    assert_eq!(location(&response), "/account");
    let head = Request::builder().method(Method::HEAD).uri(&to);
    let response = site.browser().send(head).await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(response.body, "");
    let response = browser.post(&to).await;
    assert_eq!(response.status, StatusCode::METHOD_NOT_ALLOWED);
    let absolute = Request::get(format!("http://other.test{to}"));
    let response = browser.send(absolute).await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert!(!response.body.contains("cookie"), "{}", response.body);

    // It asks no database.
    site.database.close().await;
    assert_eq!(location(&browser.get(&to).await), "/account");
    assert_refused(&site.browser().get(&to).await, "Allow cookies");
}

/// Anybody may open the page as often as they like.
#[tokio::test]
async fn each_problem_is_logged_at_most_once_a_minute() {
    let (site, browser) = site(|builder| builder.site_url("https://site.test")).await;
    let log = Log::start();
    for (seconds, lines) in [(0, 1), (59, 1), (1, 2), (61, 3)] {
        site.pass_time(Duration::from_secs(seconds));
        for _ in 0..3 {
            check(&browser, &[]).await;
            check(&browser, &[("referer", FORM)]).await;
        }
        assert_eq!(log.count("WARN", "has sent no cookie"), lines);
        assert_eq!(log.count("WARN", "at another address"), lines);
    }
    // A clock that was an hour fast.
    site.move_clock(-3600);
    check(&browser, &[]).await;
    assert_eq!(log.count("WARN", "has sent no cookie"), 4);
}
