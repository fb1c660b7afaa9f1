//! The app's own settings of the cookie: a removal has the same ones, planted cookies are found all the same,
//! and what browsers would refuse is an error.

mod common;

use common::{Jar, Site, TestResponse};
use http::{Method, Request, StatusCode};
use leptos_guardian::{
    SignOutScope,
    server::{BuildError, Builder, Guardian, SameSite, SigningKey},
};

type Configure = fn(Builder) -> Builder;

/// Settings, the full name of the session's cookie, and the attributes of all cookies.
const SETTINGS: [(Configure, &str, &str); 6] = [
    (
        |builder| {
            builder
                .site_url("https://app.test:8443")
                .cookie_name("shop")
        },
        "__Host-shop-8443",
        "HttpOnly SameSite=Lax Secure Path=/",
    ),
    (
        |builder| {
            builder
                .site_url("https://www.app.test")
                .cookie_domain("app.test")
        },
        "__Secure-guardian",
        "HttpOnly SameSite=Lax Secure Path=/ Domain=app.test",
    ),
    (
        |builder| {
            builder
                .site_url("http://www.app.test")
                .cookie_domain("app.test")
        },
        "guardian",
        "HttpOnly SameSite=Lax Path=/ Domain=app.test",
    ),
    (
        |builder| builder.cookie_path("/sign-"),
        "guardian",
        "HttpOnly SameSite=Lax Path=/sign-",
    ),
    (
        |builder| {
            builder
                .site_url("https://app.test")
                .same_site(SameSite::Strict)
        },
        "__Host-guardian",
        "HttpOnly SameSite=Strict Secure Path=/",
    ),
    (
        |builder| {
            builder
                .site_url("https://app.test")
                .same_site(SameSite::None)
        },
        "__Host-guardian",
        "HttpOnly SameSite=None Partitioned Secure Path=/",
    ),
];

/// The cookies that a response sets at the site's own place, by name, with their attributes.
fn set_by(response: &TestResponse) -> Vec<(String, String, bool)> {
    let cookies = response.all_set_cookies().into_iter().map(|cookie| {
        let mut parts = cookie.split("; ");
        let name = parts.next().unwrap().split('=').next().unwrap().to_owned();
        let (age, attributes): (Vec<&str>, Vec<&str>) =
            parts.partition(|part| part.starts_with("Max-Age"));
        (name, attributes.join(" "), age == ["Max-Age=0"])
    });
    cookies.collect()
}

#[tokio::test]
async fn every_cookie_is_removed_with_the_attributes_it_was_set_with() {
    for (configure, name, attributes) in SETTINGS {
        let site = Site::with(configure).await;
        assert_eq!(site.guardian.session_cookie_name(), name);
        let start = name.trim_end_matches("-8443");
        let own = |suffix: &str| format!("{start}{suffix}{}", &name[start.len()..]);
        let mut browser = site.browser();
        let signed_in = browser.post("/sign-in/ada").await;
        assert_eq!(
            set_by(&signed_in),
            [
                (name.into(), attributes.into(), false),
                (
                    own("_signed_in"),
                    attributes.replace("HttpOnly ", ""),
                    false
                ),
            ]
        );
        browser.cookies = sent(&signed_in);
        browser.cookies.push((own("_pending_sign_out"), "1".into()));
        site.execute("alter table guardian_event rename to away")
            .await;
        let failed = browser.sign_out(SignOutScope::Local).await;
        site.execute("alter table away rename to guardian_event")
            .await;
        assert!(set_by(&failed).contains(&(own("_unrevoked"), attributes.into(), false)));
        browser.cookies.extend(sent(&failed));
        let mut removed = set_by(&failed);
        removed.extend(set_by(&browser.sign_out(SignOutScope::Local).await));
        for suffix in ["", "_unrevoked", "_pending_sign_out"] {
            let removal = (own(suffix), attributes.to_owned(), true);
            assert!(removed.contains(&removal), "{removal:?} {removed:?}");
        }
    }
}

/// The cookies that a response sets, wherever.
fn sent(response: &TestResponse) -> Vec<(String, String)> {
    let cookies = response.all_set_cookies().into_iter();
    let pairs = cookies.map(|cookie| cookie.split(';').next().unwrap().split_once('=').unwrap());
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The page's script takes both from there.
#[tokio::test]
async fn a_page_says_what_its_cookies_are_called_and_where_they_belong() {
    for (configure, name, attributes) in SETTINGS {
        let site = Site::with(configure).await;
        let page = site.browser().get("/guardian/fragment/page").await.body;
        let json = page.split('>').nth(1).unwrap().split('<').next().unwrap();
        let data: serde_json::Value = serde_json::from_str(json).unwrap();
        let own = |suffix: &str| match name.strip_suffix("-8443") {
            Some(start) => format!("{start}{suffix}-8443"),
            None => format!("{name}{suffix}"),
        };
        assert_eq!(data["cookies"]["marker"], own("_signed_in"));
        let expected = attributes.replace("HttpOnly ", "").replace(' ', "; ");
        let expected = format!(
            "{}=1; {expected}; Max-Age=34560000",
            own("_pending_sign_out")
        );
        assert_eq!(data["cookies"]["pending"], expected);
    }
}

/// A sibling host has set a cookie with the site's name at another place, and at the very same one.
#[tokio::test]
async fn planted_cookies_beside_a_shared_one_are_gone_after_one_request() {
    for (site_url, name) in [
        ("https://www.app.test", "__Secure-guardian"),
        ("http://www.app.test", "guardian"),
    ] {
        let site = Site::with(|builder| builder.site_url(site_url).cookie_domain("app.test")).await;
        let secure = if site.guardian.is_secure() {
            "; Secure"
        } else {
            ""
        };
        for place in [
            "; Path=/",
            "; Path=/; Domain=www.app.test",
            "; Path=/whoami; Domain=app.test",
            "; Path=/whoami; Domain=app.test; Partitioned",
            "; Path=/; Domain=app.test; Partitioned",
            "; Path=/; Partitioned",
        ] {
            if place.contains("Partitioned") && secure.is_empty() {
                continue;
            }
            let mut jar = Jar::new(&site.router, site_url);
            jar.post("/sign-in/ada").await;
            let mut eve = Jar::new(&site.router, site_url);
            eve.post("/sign-in/eve").await;
            let value = eve.cookies()[0].value.clone();
            jar.plant(&format!("{name}={value}{place}{secure}"));
            jar.plant(&format!("{name}_pending_sign_out=x{place}{secure}"));
            assert_eq!(jar.whoami().await, "nobody", "{place}");
            if place == "; Path=/; Domain=app.test; Partitioned" {
                // Only a sign-in or a sign-out removes the pending one: a browser without partitions would
                // remove the page's own.
                jar.post("/sign-in/ada").await;
            }
            assert_eq!(jar.whoami().await, "ada", "{place}");
            assert_eq!(
                jar.cookies().len(),
                2,
                "with the marker: {:?}",
                jar.cookies()
            );
            jar.post("/sign-out/local").await;
            assert!(jar.cookies().is_empty(), "{:?}", jar.cookies());
        }
    }
}

/// The browser may have a cookie that it does not send. A new one would sign the user out.
#[tokio::test]
async fn a_visit_from_another_site_replaces_no_cookie_that_it_may_lack() {
    for (same_site, method, from, sets) in [
        (SameSite::Strict, Method::GET, "cross-site", false),
        (SameSite::Strict, Method::GET, "same-site", true),
        (SameSite::Strict, Method::GET, "none", true),
        (SameSite::Lax, Method::GET, "cross-site", true),
        (SameSite::Lax, Method::POST, "cross-site", false),
        (SameSite::Lax, Method::POST, "same-site", true),
        (SameSite::None, Method::POST, "cross-site", true),
    ] {
        let url = "https://site.test";
        let site = Site::with(|builder| {
            let builder = builder.site_url(url).same_site(same_site);
            builder.accept_cross_site("/visit")
        })
        .await;
        // A visit that stores something.
        let router = axum::Router::new().route(
            "/visit",
            axum::routing::any(async |session: tower_sessions::Session| {
                session.insert("visits", 1).await.unwrap();
            }),
        );
        let mut browser = common::Browser::new(&site.guardian.protect(router));
        let visit = Request::builder().method(&method).uri("/visit");
        let visit = visit
            .header("sec-fetch-site", from)
            .header("host", "site.test");
        let response = browser.send(visit).await;
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(
            !response.all_set_cookies().is_empty(),
            sets,
            "{same_site:?} {method} {from}"
        );
    }
}

/// Success would be a lie: the session goes on below the path.
#[tokio::test]
async fn the_librarys_functions_say_that_the_cookie_does_not_reach_them() {
    let site = Site::with(|builder| builder.cookie_path("/shop"))
        .await
        .add_api();
    for path in ["/api/sign_out", "/api/session", "/api/sessions"] {
        let form = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let response = site.browser().send(form).await;
        assert_eq!(response.status, 500, "{path}");
        assert!(response.body.contains("not_protected"), "{}", response.body);
    }
    // The same functions, below the path.
    let nested = axum::Router::new().nest("/shop", site.router.clone());
    let form = Request::post("/shop/api/session")
        .header("content-type", "application/x-www-form-urlencoded");
    let response = common::Browser::new(&nested).send(form).await;
    assert_eq!(
        (response.status.as_u16(), response.body.as_str()),
        (200, "null")
    );
}

#[tokio::test]
async fn settings_that_browsers_would_refuse_do_not_start() {
    let fresh = common::fresh_database().await;
    let database = leptos_guardian::server::Database::connect(&fresh.url)
        .await
        .unwrap();
    let https: Configure = |builder| builder.site_url("https://www.app.test");
    for (settings, expected) in [
        (
            (|builder| builder.same_site(SameSite::None)) as Configure,
            "an https site_url",
        ),
        (
            |builder| builder.cookie_domain("other.test"),
            "\"other.test\" is not the site's",
        ),
        (
            |builder| builder.cookie_domain("test"),
            "\"test\" is not the site's",
        ),
        (
            |builder| builder.cookie_name("shop_signed_in"),
            "another of the library's cookies",
        ),
        (|builder| builder.cookie_path("shop"), "must begin with /"),
        (
            |builder| {
                builder
                    .site_url("https://www.app.test")
                    .cookie_name("__Host-shop")
                    .cookie_domain("app.test")
            },
            "no domain",
        ),
        (
            |builder| {
                builder
                    .site_url("https://www.app.test")
                    .cookie_name("__Host-shop")
                    .cookie_path("/shop")
            },
            "the path /",
        ),
    ] {
        let builder = Guardian::builder(database.clone())
            .site_url("http://www.app.test")
            .key(SigningKey::generate());
        let refused = settings(builder).build().await.unwrap_err();
        assert!(matches!(refused, BuildError::Cookie(_)), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    let builder = Guardian::builder(database).key(SigningKey::generate());
    https(builder)
        .cookie_name("__Host-shop")
        .build()
        .await
        .unwrap();
}

#[tokio::test]
#[should_panic(expected = "the library's own cookie has the name \"shop\"")]
async fn an_apps_cookie_cannot_have_the_name_of_the_librarys() {
    let site = Site::with(|builder| builder.cookie_name("shop")).await;
    assert_eq!(site.guardian.cookie_name("theme"), "theme");
    site.guardian.cookie_name("shop");
}
