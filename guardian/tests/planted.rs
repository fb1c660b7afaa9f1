//! Cookies of our names that somebody else has set: a page on another port of the host, or, over
//! http, on a host beside it. They sign nobody in as somebody else, and a browser gets rid of them by
//! asking again.

mod common;

use common::{Jar, Log, Site};
use leptos_guardian::SignOutScope;

const SITE: &str = "http://www.app.test";

/// Places where a cookie reaches `/whoami` beside ours, on any site.
const PATHS: [&str; 2] = ["; Path=/whoami", "; Path=/whoami; Domain=www.app.test"];

/// And where others can plant one for the whole site.
const DOMAINS: [&str; 3] = [
    "; Path=/; Domain=www.app.test",
    "; Path=/; Domain=app.test",
    "; Path=/; Secure; Partitioned",
];

/// The value of the cookie by which somebody is signed in.
async fn token(site: &Site, user: &str) -> String {
    site.signed_in(user).await.cookies[0].1.clone()
}

/// The browser of a signed-in user.
async fn browser(site: &Site, site_url: &str, user: &str) -> Jar {
    let mut jar = Jar::new(&site.router, site_url);
    jar.post(&format!("/sign-in/{user}")).await;
    assert_eq!(jar.is().await, user);
    jar
}

#[tokio::test]
async fn a_valid_token_beside_ours_signs_nobody_in_and_is_gone_at_the_next_request() {
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
                assert_eq!(jar.sent_to("/whoami").len(), 2, "{place}");
                let log = Log::start();
                assert_eq!(jar.is().await, "nobody", "{place}");
                assert_eq!(log.count("WARN", "several valid session cookies"), 1);
                assert_eq!(jar.is().await, "ada", "{place}");
                assert_eq!(jar.cookies().len(), 1, "{:?}", jar.cookies());
            }
        }
    }
}

/// What a browser keeps for good at some place would keep its user out for good.
#[tokio::test]
async fn a_browser_gets_rid_of_any_number_at_any_place() {
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
                jar.plant(&format!("session={eve}; Path={path}{domain}"));
            }
        }
    }
    for _ in 0..200 {
        let answer = jar.get(page).await;
        let length: usize = answer.set_cookies().iter().map(|cookie| cookie.len()).sum();
        assert!(length < 2500, "a proxy refuses so many: {length} bytes");
        if jar.cookies().len() == 1 {
            break;
        }
    }
    assert_eq!(jar.cookies().len(), 1);
    assert_eq!(jar.is().await, "ada");
}

/// Browsers refuse to set them at other places, so one of the two replaces the other; a request
/// that has both all the same is nobody's, too.
#[tokio::test]
async fn over_https_two_valid_ones_are_nobodys_too() {
    let site = Site::with(|builder| builder.site_url("https://app.test")).await;
    let (ada, eve) = (token(&site, "ada").await, token(&site, "eve").await);
    for (one, other) in [(&ada, &eve), (&eve, &ada)] {
        let mut browser = site.browser();
        browser.cookies = [one, other]
            .map(|value| ("__Host-session".to_owned(), value.clone()))
            .into();
        let answer = browser.get("/whoami").await;
        assert_eq!(answer.body, "nobody");
        let expected = "__Host-session=; Max-Age=0; Path=/; Secure; Partitioned";
        assert!(
            answer.set_cookies().contains(&expected),
            "{:?}",
            answer.set_cookies()
        );
    }
}

#[tokio::test]
async fn a_sign_out_ends_the_sessions_of_all_valid_ones() {
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Global,
    ] {
        let site = Site::with(|builder| builder.site_url(SITE)).await;
        let eve = token(&site, "eve").await;
        let mut jar = browser(&site, SITE, "ada").await;
        let ada = jar.cookies()[0].value.clone();
        jar.plant(&format!("session={eve}; Path=/; Domain=app.test"));
        assert_eq!(jar.post(&format!("/sign-out/{scope}")).await.status, 200);
        assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
        let mut replay = site.browser();
        for value in [ada, eve] {
            replay.cookies = vec![("session".into(), value)];
            assert_eq!(replay.is().await, "nobody");
        }
    }
}

/// Success would be a lie: whose other sessions these are cannot be told.
#[tokio::test]
async fn a_sign_out_of_the_others_is_refused_until_it_is_known_whose_they_are() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut there = browser(&site, SITE, "ada").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("session={eve}; Path=/; Domain=app.test"));
    assert_eq!(jar.post("/sign-out/others").await.status, 503);
    assert_eq!(there.is().await, "ada");
    assert_eq!(jar.post("/sign-out/others").await.status, 200);
    assert_eq!(there.is().await, "nobody");
    assert_eq!(jar.is().await, "ada");
}

#[tokio::test]
async fn a_sign_in_begins_a_session_and_ends_those_of_all_valid_ones() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("session={eve}; Path=/; Domain=app.test"));
    assert_eq!(jar.post("/sign-in/ada").await.status, 200);
    assert_eq!(jar.is().await, "ada");
    assert_eq!(jar.cookies().len(), 1);
    assert_eq!(site.count("guardian_session").await, 1);
}

/// A new token for it would take the place of the browser's own.
#[tokio::test]
async fn what_a_visitor_stores_meanwhile_does_not_cost_the_session() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let eve = token(&site, "eve").await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant(&format!("session={eve}; Path=/; Domain=app.test"));
    jar.post("/remember/word").await;
    assert_eq!(jar.is().await, "ada");
    assert_eq!(jar.get("/recall").await.body, "nothing");
}

/// A failed sign-out leaves one; a planted one does not hide it.
#[tokio::test]
async fn what_is_still_to_be_ended_is_read_from_all_valid_ones() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let failed = async |user: &str| {
        let mut jar = browser(&site, SITE, user).await;
        let mut replay = site.browser();
        replay.cookies = vec![("session".into(), jar.cookies()[0].value.clone())];
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
    assert_eq!(replay.is().await, "ada");
    assert_eq!(jar.post("/sign-out/local").await.status, 200);
    assert_eq!(replay.is().await, "nobody");
    assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
}

/// Nobody may be kept out for good.
#[tokio::test]
async fn a_planted_pending_sign_out_is_gone_at_the_next_request() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    for place in PATHS.iter().chain(&DOMAINS[..2]) {
        let mut jar = browser(&site, SITE, "ada").await;
        jar.plant(&format!("pending_sign_out=x{place}; HttpOnly"));
        assert_eq!(jar.is().await, "nobody");
        assert_eq!(jar.is().await, "ada", "{place}");
        assert_eq!(jar.cookies().len(), 1, "{:?}", jar.cookies());
    }
}

/// A removal at once would hit the page's own in a browser that has no partitions.
#[tokio::test]
async fn a_partitioned_one_is_gone_after_the_sign_in_or_the_sign_out() {
    let site = Site::with(|builder| builder.site_url("http://localhost:3000")).await;
    for leave in ["/sign-in/ada", "/sign-out/local"] {
        let mut jar = browser(&site, "http://localhost:3000", "ada").await;
        jar.plant("pending_sign_out-3000=x; Path=/; Secure; Partitioned; HttpOnly");
        let answer = jar.get("/whoami").await;
        assert_eq!(answer.body, "nobody");
        let removals = answer.set_cookies();
        let hits_the_own = |removal: &&str| removal.contains("Path=/; Secure; Partitioned");
        assert!(!removals.iter().any(hits_the_own), "{removals:?}");
        jar.post(leave).await;
        let left = jar.cookies().iter().filter(|cookie| cookie.is_partitioned);
        assert_eq!(left.count(), 0, "{:?}", jar.cookies());
        jar.post("/sign-in/ada").await;
        assert_eq!(jar.is().await, "ada");
    }
}

/// The page's own stays until it has been carried out.
#[tokio::test]
async fn a_pending_sign_out_of_the_page_itself_is_not_removed_with_the_planted_ones() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let mut jar = browser(&site, SITE, "ada").await;
    jar.plant("pending_sign_out=1; Path=/");
    jar.plant("pending_sign_out=x; Path=/; Domain=app.test");
    for _ in 0..3 {
        assert_eq!(jar.is().await, "nobody");
    }
    assert_eq!(jar.cookies().len(), 2);
    jar.post("/sign-out/local").await;
    assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
}

/// A router inside another one sees a part of the path only.
#[tokio::test]
async fn they_are_found_by_the_path_that_the_browser_knows() {
    let site = Site::with(|builder| builder.site_url(SITE)).await;
    let ada = token(&site, "ada").await;
    let nested = axum::Router::new().nest("/inner", site.router.clone());
    let mut jar = Jar::new(&nested, SITE);
    jar.plant(&format!("session={ada}; Path=/"));
    jar.plant("pending_sign_out=x; Path=/inner");
    assert_eq!(jar.get("/inner/whoami").await.body, "nobody");
    assert_eq!(jar.get("/inner/whoami").await.body, "ada");
}

/// All cookies are sent to all ports of a host.
#[tokio::test]
async fn a_site_on_a_port_of_its_own_has_it_in_the_names_of_its_cookies() {
    for (site_url, expected) in [
        ("http://site.test", "session"),
        ("http://site.test:80", "session"),
        ("http://127.0.0.1:3000", "session-3000"),
        ("https://site.test:443", "__Host-session"),
        ("https://site.test:8443", "__Host-session-8443"),
    ] {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        assert_eq!(site.guardian.session_cookie_name(), expected);
        let name = |name| site.guardian.cookie_name(name);
        assert_eq!(name("theme"), expected.replace("session", "theme"));
        let mut browser = site.signed_in("ada").await;
        assert_eq!(browser.cookies[0].0, expected);
        assert_eq!(browser.is().await, "ada");
        let (_, token) = browser.cookies[0].clone();
        if expected != "session" {
            browser.cookies = vec![("session".into(), token)];
            assert_eq!(browser.is().await, "nobody", "another app's");
        }
    }
}
