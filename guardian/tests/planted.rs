//! Planted cookies: a page on another port, or over http on a sibling host, has set cookies with
//! our names. They sign nobody in as somebody else, and the browser loses them on its next
//! requests.

mod common;

use common::{Jar, Log, Site};
use leptos_guardian::SignOutScope;

const SITE: &str = "http://www.app.test";

/// Places of cookies that are sent to `/whoami` beside ours.
const PATHS: [&str; 2] = ["; Path=/whoami", "; Path=/whoami; Domain=www.app.test"];

/// Places of cookies that are sent to the whole site beside ours.
const DOMAINS: [&str; 3] = [
    "; Path=/; Domain=www.app.test",
    "; Path=/; Domain=app.test",
    "; Path=/; Secure; Partitioned",
];

/// The value of a new session cookie.
async fn token(site: &Site, user: &str) -> String {
    site.signed_in(user).await.cookies[0].1.clone()
}

/// The browser of a signed-in user.
async fn browser(site: &Site, site_url: &str, user: &str) -> Jar {
    let mut jar = Jar::new(&site.router, site_url);
    jar.post(&format!("/sign-in/{user}")).await;
    assert_eq!(jar.whoami().await, user);
    jar
}

#[tokio::test]
async fn a_planted_valid_cookie_signs_nobody_in_and_is_gone_after_one_request() {
    for site_url in [SITE, "http://localhost:3000"] {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let name = site.guardian.session_cookie_name();
        for place in PATHS.iter().chain(&DOMAINS) {
            let is_possible = match site_url {
                SITE => !place.contains("Secure"),
                _ => !place.contains("Domain"),
            };
            if !is_possible {
                continue;
            }
            let mut own_first = browser(&site, site_url, "ada").await;
            let eve = token(&site, "eve").await;
            own_first.plant(&format!("{name}={eve}{place}"));
            let mut planted_first = Jar::new(&site.router, site_url);
            let eve = token(&site, "eve").await;
            planted_first.plant(&format!("{name}={eve}{place}"));
            planted_first.post("/sign-in/ada").await;
            for mut jar in [own_first, planted_first] {
                assert_eq!(
                    jar.sent_to("/whoami").len(),
                    3,
                    "two and the marker: {place}"
                );
                let log = Log::start();
                assert_eq!(jar.whoami().await, "nobody", "{place}");
                assert_eq!(log.count("WARN", "several valid session cookies"), 1);
                assert_eq!(jar.whoami().await, "ada", "{place}");
                assert_eq!(
                    jar.cookies().len(),
                    2,
                    "with the marker: {:?}",
                    jar.cookies()
                );
            }
        }
    }
}

/// A planted cookie that stays would keep the user out for good.
#[tokio::test]
async fn a_browser_loses_any_number_of_planted_cookies_at_any_place() {
    let site = Site::with(|builder| builder.site_url("http://a.b.c.app.test")).await;
    let eve = token(&site, "eve").await;
    let mut jar = browser(&site, "http://a.b.c.app.test", "ada").await;
    let page = "/not/a/page/but/as/deep/as/any";
    let mut paths: Vec<&str> = page
        .match_indices('/')
        .map(|(slash, _)| &page[..slash])
        .collect();
    paths[0] = "/";
    for path in paths {
        for domain in [
            "",
            "; Domain=a.b.c.app.test",
            "; Domain=c.app.test",
            "; Domain=app.test",
        ] {
            if (path, domain) != ("/", "") {
                jar.plant(&format!("guardian={eve}; Path={path}{domain}"));
            }
        }
    }
    for _ in 0..200 {
        let response = jar.get(page).await;
        let length: usize = response
            .set_cookies()
            .iter()
            .map(|cookie| cookie.len())
            .sum();
        assert!(length < 2500, "too long for some proxies: {length} bytes");
        if jar.cookies().len() == 2 {
            break;
        }
    }
    assert_eq!(jar.cookies().len(), 2, "with the marker");
    assert_eq!(jar.whoami().await, "ada");
}

/// The prefix allows browsers only one cookie with this name. A request with two still signs nobody
/// in.
#[tokio::test]
async fn over_https_two_valid_cookies_sign_nobody_in_either() {
    let site = Site::with(|builder| builder.site_url("https://app.test")).await;
    let (ada, eve) = (token(&site, "ada").await, token(&site, "eve").await);
    for (one, other) in [(&ada, &eve), (&eve, &ada)] {
        let mut browser = site.browser();
        browser.cookies = [one, other]
            .map(|value| ("__Host-guardian".to_owned(), value.clone()))
            .into();
        let response = browser.get("/whoami").await;
        assert_eq!(response.body, "nobody");
        let expected = "__Host-guardian=; Max-Age=0; Path=/; Secure; Partitioned";
        assert!(
            response.set_cookies().contains(&expected),
            "{:?}",
            response.set_cookies()
        );
    }
}

#[tokio::test]
async fn a_sign_out_ends_the_sessions_of_all_valid_cookies() {
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let site = Site::with(|builder| builder.site_url(SITE)).await;
        let eve = token(&site, "eve").await;
        let mut jar = browser(&site, SITE, "ada").await;
        let ada = jar.cookies()[0].value.clone();
        jar.plant(&format!("guardian={eve}; Path=/; Domain=app.test"));
        assert_eq!(jar.post(&format!("/sign-out/{scope}")).await.status, 200);
        assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
        let mut replay = site.browser();
        for value in [ada, eve] {
            replay.cookies = vec![("guardian".into(), value)];
            assert_eq!(replay.whoami().await, "nobody");
        }
    }
}

/// Nobody knows whose other sessions to end, so success would be false.
#[tokio::test]
async fn a_sign_out_of_the_others_is_refused_while_the_user_is_unknown() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut there = browser(&site, SITE, "ada").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("guardian={eve}; Path=/; Domain=app.test"));
    assert_eq!(jar.post("/sign-out/others").await.status, 503);
    assert_eq!(there.whoami().await, "ada");
    assert_eq!(jar.post("/sign-out/others").await.status, 200);
    assert_eq!(there.whoami().await, "nobody");
    assert_eq!(jar.whoami().await, "ada");
}

#[tokio::test]
async fn a_sign_in_replaces_the_sessions_of_all_valid_cookies() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("guardian={eve}; Path=/; Domain=app.test"));
    assert_eq!(jar.post("/sign-in/ada").await.status, 200);
    assert_eq!(jar.whoami().await, "ada");
    assert_eq!(jar.cookies().len(), 2, "with the marker");
    assert_eq!(site.count("guardian_session").await, 1);
}

/// A new token for the data would replace the browser's own.
#[tokio::test]
async fn storing_data_beside_a_planted_cookie_keeps_the_session() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("guardian={eve}; Path=/; Domain=app.test"));
    jar.post("/remember/word").await;
    assert_eq!(jar.whoami().await, "ada");
    assert_eq!(jar.get("/recall").await.body, "nothing");
}

/// A failed sign-out leaves the cookie `unrevoked`. A planted one does not hide it.
#[tokio::test]
async fn unrevoked_tokens_are_read_from_all_valid_cookies() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let failed = async |user: &str| {
        let mut jar = browser(&site, SITE, user).await;
        let mut replay = site.browser();
        replay.cookies = vec![("guardian".into(), jar.cookies()[0].value.clone())];
        site.execute("alter table guardian_event rename to away")
            .await;
        assert_eq!(jar.post("/sign-out/local").await.status, 503);
        site.execute("alter table away rename to guardian_event")
            .await;
        (jar, replay)
    };
    let (eve, _) = failed("eve").await;
    let (mut jar, mut replay) = failed("ada").await;
    let planted = &eve.cookies()[0];
    jar.plant(&format!(
        "{}={}; Path=/; Domain=app.test",
        planted.name, planted.value
    ));
    assert_eq!(replay.whoami().await, "ada");
    assert_eq!(jar.post("/sign-out/local").await.status, 200);
    assert_eq!(replay.whoami().await, "nobody");
    assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
}

/// Otherwise it would keep the user out for good.
#[tokio::test]
async fn a_planted_pending_sign_out_is_gone_after_one_request() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    for place in PATHS.iter().chain(&DOMAINS[..2]) {
        let mut jar = browser(&site, SITE, "ada").await;
        jar.plant(&format!("guardian_pending_sign_out=x{place}; HttpOnly"));
        assert_eq!(jar.whoami().await, "nobody");
        assert_eq!(jar.whoami().await, "ada", "{place}");
        assert_eq!(
            jar.cookies().len(),
            2,
            "with the marker: {:?}",
            jar.cookies()
        );
    }
}

/// An earlier removal would remove the page's own cookie in a browser without partitioned cookies.
#[tokio::test]
async fn a_partitioned_pending_sign_out_is_gone_after_a_sign_in_or_sign_out() {
    let site = Site::with(|builder| builder.site_url("http://localhost:3000")).await;
    for path in ["/sign-in/ada", "/sign-out/local"] {
        let mut jar = browser(&site, "http://localhost:3000", "ada").await;
        jar.plant("guardian_pending_sign_out-3000=x; Path=/; Secure; Partitioned; HttpOnly");
        let response = jar.get("/whoami").await;
        assert_eq!(response.body, "nobody");
        let removals = response.set_cookies();
        let hits_the_own = |removal: &&str| removal.contains("Path=/; Secure; Partitioned");
        assert!(!removals.iter().any(hits_the_own), "{removals:?}");
        jar.post(path).await;
        let left = jar.cookies().iter().filter(|cookie| cookie.is_partitioned);
        assert_eq!(left.count(), 0, "{:?}", jar.cookies());
        jar.post("/sign-in/ada").await;
        assert_eq!(jar.whoami().await, "ada");
    }
}

/// The page's own cookie stays until its sign-out has been carried out.
#[tokio::test]
async fn the_pages_own_pending_sign_out_stays_when_planted_ones_are_removed() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant("guardian_pending_sign_out=1; Path=/");
    jar.plant("guardian_pending_sign_out=x; Path=/; Domain=app.test");
    for _ in 0..3 {
        assert_eq!(jar.whoami().await, "nobody");
    }
    assert_eq!(jar.cookies().len(), 3, "with the marker");
    jar.post("/sign-out/local").await;
    assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
}

/// A nested router sees only a part of the path, but the cookie's path is the browser's.
#[tokio::test]
async fn planted_cookies_are_found_in_a_nested_router() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let ada = token(&site, "ada").await;
    let nested = axum::Router::new().nest("/inner", site.router.clone());
    let mut jar = Jar::new(&nested, SITE);
    jar.plant(&format!("guardian={ada}; Path=/"));
    jar.plant("guardian_pending_sign_out=x; Path=/inner");
    assert_eq!(jar.get("/inner/whoami").await.body, "nobody");
    assert_eq!(jar.get("/inner/whoami").await.body, "ada");
}

/// Browsers send cookies to all ports of a host.
#[tokio::test]
async fn the_cookie_names_contain_a_non_default_port() {
    for (site_url, expected) in [
        ("http://site.test", "guardian"),
        ("http://site.test:80", "guardian"),
        ("http://127.0.0.1:3000", "guardian-3000"),
        ("https://site.test:443", "__Host-guardian"),
        ("https://site.test:8443", "__Host-guardian-8443"),
    ] {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        assert_eq!(site.guardian.session_cookie_name(), expected);
        let name = |name| site.guardian.cookie_name(name);
        assert_eq!(name("theme"), expected.replace("guardian", "theme"));
        let mut browser = site.signed_in("ada").await;
        assert_eq!(browser.cookies[0].0, expected);
        assert_eq!(browser.whoami().await, "ada");
        let (_, token) = browser.cookies[0].clone();
        if expected != "guardian" {
            browser.cookies = vec![("guardian".into(), token)];
            assert_eq!(
                browser.whoami().await,
                "nobody",
                "the cookie of another app"
            );
        }
    }
}
