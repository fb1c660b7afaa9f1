//! Limits: guesses are few, and nobody uses up the attempts of somebody else.

mod common;

use axum::{Extension, Router, body::Body, extract::ConnectInfo};
use common::{PASSWORD, Site};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use leptos_guardian::with_pool;
use serde_json::Value;
use server::{
    config::{COOKIE_NAME, Config, configure},
    router::router,
};
use std::{net::SocketAddr, time::Instant};
use tower::ServiceExt as _;

const ADA: &str = "ada@example.com";

/// The networks of the users in these tests. The proxy in front of the site reports them.
const CAFE: &str = "203.0.113.9";
const HOME: &str = "198.51.100.7";

/// The guesses at one account from one network before it has to wait.
const GUESSES: usize = 10;

/// A site behind a proxy that it trusts.
async fn site() -> Site {
    Site::with_settings(&[
        ("TRUSTED_PROXIES", "192.0.2.1"),
        ("ATTEMPTS_PER_MINUTE", "1000"),
    ])
    .await
}

/// Another server on the site's database. It shares nothing else with the others.
async fn server_of(site: &Site, attempts_per_minute: &str) -> Server {
    let config = Config::read(|name| {
        let value = match name {
            "SESSION_KEY" => "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "TRUSTED_PROXIES" => "192.0.2.1",
            "ATTEMPTS_PER_MINUTE" => attempts_per_minute,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap();
    let database = site.database.clone();
    let state = app::server::AppState::new(database.clone(), config.attempts_per_minute).await;
    let guardian = configure(&config, database).build().await.unwrap();
    let proxy = SocketAddr::from(([192, 0, 2, 1], 4711));
    Server(router(&config, &guardian, state.unwrap()).layer(Extension(ConnectInfo(proxy))))
}

#[derive(Clone)]
struct Server(Router);

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Server {
    async fn post(&self, path: &str, network: &str, cookies: &str, fields: &str) -> Reply {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookies)
            .header("x-forwarded-for", network)
            .body(Body::from(fields.to_owned()))
            .unwrap();
        let (parts, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    async fn sign_up(&self, email: &str, network: &str, cookies: &str) -> Reply {
        let fields = format!("name=Ada&email={email}&password={PASSWORD}");
        let reply = self.post("/api/sign_up", network, cookies, &fields).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply
    }

    async fn sign_in(&self, email: &str, network: &str, cookies: &str) -> Reply {
        let fields = format!("email={email}&password={PASSWORD}");
        self.post("/api/sign_in", network, cookies, &fields).await
    }

    /// Tries a wrong password.
    async fn guess(&self, email: &str, network: &str, cookies: &str) -> Reply {
        let fields = format!("email={email}&password=wrong+password");
        self.post("/api/sign_in", network, cookies, &fields).await
    }

    /// Guesses until there is a wait.
    async fn use_up(&self, email: &str, network: &str, cookies: &str) {
        for _ in 0..GUESSES {
            let reply = self.guess(email, network, cookies).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.body);
        }
        let reply = self.guess(email, network, cookies).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    }
}

impl Reply {
    /// A cookie that is set, as a browser sends it back. The names end with the site's port.
    fn cookie(&self, name: &str) -> String {
        let name = if name == "session" { COOKIE_NAME } else { name };
        let name = format!("{name}-3000");
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        let mut pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        let found = pairs.find(|pair| pair.starts_with(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("no {name}")).to_owned()
    }

    /// The cookie of the known browser without that of the session, as after a sign-out.
    fn browser(&self) -> String {
        self.cookie("known_browser")
    }

    /// The wait, in seconds. The header and the body must agree.
    fn retry_after(&self) -> u64 {
        assert_eq!(self.status, StatusCode::TOO_MANY_REQUESTS, "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["error"], "too_many_attempts");
        let header = self.headers[header::RETRY_AFTER].to_str().unwrap();
        assert_eq!(body["retry_after"].to_string(), header);
        header.parse().unwrap()
    }
}

async fn execute(site: &Site, sql: &str) {
    with_pool!(&site.database, pool => sqlx::raw_sql(sql).execute(pool).await.map(drop)).unwrap();
}

async fn count(site: &Site, rows_of: &str) -> i64 {
    let count = format!("select count(*) from {rows_of}");
    with_pool!(&site.database, pool => sqlx::query_scalar(&count).fetch_one(pool).await).unwrap()
}

/// Lets time pass for the limits.
async fn pass(site: &Site, seconds: u64) {
    let micros = seconds * 1_000_000;
    let pass = format!(
        "update app_attempt set empty_at = empty_at - {micros}, free_at = free_at - {micros}"
    );
    execute(site, &pass).await;
}

#[tokio::test]
async fn a_stranger_locks_out_neither_a_known_browser_nor_another_network() {
    let site = site().await;
    let server = server_of(&site, "60").await;
    let browser = server.sign_up(ADA, CAFE, "").await.browser();
    server.use_up(ADA, CAFE, "").await;
    for _ in 0..10 {
        pass(&site, 1).await;
        server.guess(ADA, CAFE, "").await;
        let known = server.sign_in(ADA, CAFE, &browser).await;
        assert_eq!(known.status, StatusCode::OK, "{}", known.body);
        let elsewhere = server.sign_in(ADA, HOME, "").await;
        assert_eq!(elsewhere.status, StatusCode::OK, "{}", elsewhere.body);
    }
}

/// The stranger fails on other accounts, too, until the network is at its limit.
#[tokio::test]
async fn a_known_browser_needs_no_attempts_of_its_network() {
    let site = site().await;
    let server = server_of(&site, "3").await;
    let browser = server.sign_up(ADA, CAFE, "").await.browser();
    for email in ["a@example.com", "b@example.com"] {
        server.guess(email, CAFE, "").await;
    }
    server.guess("c@example.com", CAFE, "").await.retry_after();
    server.sign_in(ADA, CAFE, "").await.retry_after();
    let known = server.sign_in(ADA, CAFE, &browser).await;
    assert_eq!(known.status, StatusCode::OK, "{}", known.body);
}

#[tokio::test]
async fn a_stranger_stops_no_password_change_and_no_deletion_of_an_account() {
    let site = site().await;
    let server = server_of(&site, "60").await;
    let session = server.sign_up(ADA, CAFE, "").await.cookie("session");
    server.use_up(ADA, CAFE, "").await;
    let fields = format!("current_password={PASSWORD}&password=a+new+password");
    let changed = server
        .post("/api/change_password", CAFE, &session, &fields)
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let session = changed.cookie("session");
    server.guess(ADA, CAFE, "").await.retry_after();
    let fields = "confirm_password=a+new+password";
    let deleted = server
        .post("/api/delete_account", CAFE, &session, fields)
        .await;
    assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.body);
}

#[tokio::test]
async fn a_thief_of_a_session_has_only_so_many_guesses() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let stolen = server.sign_up(ADA, HOME, "").await.cookie("session");
    let own = server.sign_in(ADA, HOME, "").await.cookie("session");
    for guess in 0..GUESSES {
        // From many networks, and with both forms.
        let network = format!("203.0.113.{guess}");
        let (path, field) = [
            (
                "/api/change_password",
                "password=a+new+password&current_password",
            ),
            ("/api/delete_account", "confirm_password"),
        ][guess % 2];
        let reply = server
            .post(path, &network, &stolen, &format!("{field}=wrong"))
            .await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.body);
    }
    let right = format!("confirm_password={PASSWORD}");
    let refused = server
        .post("/api/delete_account", CAFE, &stolen, &right)
        .await;
    assert!((1..=30).contains(&refused.retry_after()));
    let deleted = server.post("/api/delete_account", CAFE, &own, &right).await;
    assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_check_ten_of_a_hundred_concurrent_guesses() {
    let site = site().await;
    let servers = [
        server_of(&site, "1000").await,
        server_of(&site, "1000").await,
    ];
    servers[0].sign_up(ADA, HOME, "").await;
    let guesses = (0..100).map(|guess| {
        let server = servers[guess % 2].clone();
        tokio::spawn(async move { server.guess(ADA, CAFE, "").await.status })
    });
    let mut made = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap() {
            StatusCode::UNAUTHORIZED => made += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    assert_eq!(made, GUESSES);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ups_do_not_exceed_the_limit_of_a_network() {
    let site = site().await;
    let server = server_of(&site, "2").await;
    let sign_ups = (0..100).map(|n| {
        let server = server.clone();
        let fields = format!("name=Ada&email=ada{n}@example.com&password={PASSWORD}");
        tokio::spawn(async move { server.post("/api/sign_up", CAFE, "", &fields).await.status })
    });
    let mut made = 0;
    for sign_up in sign_ups.collect::<Vec<_>>() {
        made += usize::from(sign_up.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_restart_forgets_no_failure() {
    let site = site().await;
    let browser = {
        let before = server_of(&site, "60").await;
        let browser = before.sign_up(ADA, HOME, "").await.browser();
        before.use_up(ADA, CAFE, "").await;
        browser
    };
    let after = server_of(&site, "60").await;
    after.sign_in(ADA, CAFE, "").await.retry_after();
    let known = after.sign_in(ADA, CAFE, &browser).await;
    assert_eq!(known.status, StatusCode::OK, "{}", known.body);
}

#[tokio::test]
async fn waits_grow_to_a_quarter_of_an_hour_and_end() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    server.sign_up(ADA, HOME, "").await;
    server.use_up(ADA, CAFE, "").await;
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wait = server.sign_in(ADA, CAFE, "").await.retry_after();
        waits.push(wait.div_ceil(30));
        pass(&site, wait.saturating_sub(15)).await;
        server.sign_in(ADA, CAFE, "").await.retry_after();
        pass(&site, 15).await;
        let guess = server.guess(ADA, CAFE, "").await;
        assert_eq!(guess.status, StatusCode::UNAUTHORIZED, "after {wait} s");
    }
    // In half minutes. What happens in between takes less.
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits[..3], [1, 2, 4]);
    assert_eq!(waits[11], 30);
    pass(&site, 24 * 60 * 60).await;
    server.use_up(ADA, CAFE, "").await;
    pass(&site, 30).await;
    let right = server.sign_in(ADA, CAFE, "").await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.body);
}

#[tokio::test]
async fn nobody_waits_for_a_year_because_a_clock_was_a_year_ahead() {
    let site = site().await;
    let server = server_of(&site, "60").await;
    server.sign_up(ADA, HOME, "").await;
    server.use_up(ADA, CAFE, "").await;
    let year = 365 * 24 * 60 * 60 * 1_000_000_i64;
    let ahead =
        format!("update app_attempt set empty_at = empty_at + {year}, free_at = free_at + {year}");
    execute(&site, &ahead).await;
    let guess = server.guess(ADA, CAFE, "").await;
    assert_eq!(guess.status, StatusCode::UNAUTHORIZED, "{}", guess.body);
    server.guess(ADA, CAFE, "").await.retry_after();
    pass(&site, 15 * 60).await;
    let right = server.sign_in(ADA, CAFE, "").await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.body);
}

#[tokio::test]
async fn the_right_password_forgets_the_wrong_ones_before_it() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    server.sign_up(ADA, HOME, "").await;
    for _ in 0..3 {
        for _ in 1..GUESSES {
            let guess = server.guess(ADA, HOME, "").await;
            assert_eq!(guess.status, StatusCode::UNAUTHORIZED);
        }
        let right = server.sign_in(ADA, HOME, "").await;
        assert_eq!(right.status, StatusCode::OK, "{}", right.body);
    }
}

/// An attacker signs in to their own account between guesses at others.
#[tokio::test]
async fn ones_own_password_forgets_no_guesses_at_others() {
    let site = site().await;
    let server = server_of(&site, "2").await;
    server.sign_up("mallory@example.com", HOME, "").await;
    let mut made = 0;
    for guess in 0..8 {
        let own = server.sign_in("mallory@example.com", CAFE, "").await;
        let reply = server
            .guess(&format!("{guess}@example.com"), CAFE, "")
            .await;
        made += usize::from(reply.status == StatusCode::UNAUTHORIZED);
        assert_eq!(own.status == StatusCode::OK, guess < 2, "{}", own.body);
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn right_passwords_use_up_no_attempts_of_the_network() {
    let site = site().await;
    let server = server_of(&site, "2").await;
    server.sign_up(ADA, HOME, "").await;
    for _ in 0..8 {
        let right = server.sign_in(ADA, CAFE, "").await;
        assert_eq!(right.status, StatusCode::OK, "{}", right.body);
    }
}

/// While a network has to wait for one account, it loses no attempts.
#[tokio::test]
async fn refused_attempts_on_one_account_use_up_none_of_the_network() {
    let site = site().await;
    let server = server_of(&site, "12").await;
    server.use_up(ADA, CAFE, "").await;
    for _ in 0..20 {
        server.guess(ADA, CAFE, "").await.retry_after();
    }
    let other = server.guess("bob@example.com", CAFE, "").await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED, "{}", other.body);
}

#[tokio::test]
async fn a_forged_client_address_gives_no_more_guesses() {
    let site = Site::with_attempts("1000").await;
    let mut made = 0;
    for guess in 0..15 {
        let request = Request::post("/api/sign_in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-forwarded-for", format!("203.0.113.{guess}"))
            .header("forwarded", format!("for=203.0.113.{guess}"))
            .header("x-real-ip", format!("203.0.113.{guess}"));
        let fields = format!("email={ADA}&password=wrong+password");
        made += usize::from(site.send(request, fields).await.status == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(made, GUESSES);
}

#[tokio::test]
async fn another_way_to_write_the_email_address_gives_no_more_guesses() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    server.use_up("ada@bücher.example", CAFE, "").await;
    for email in [
        "ADA@bücher.example",
        "ada@xn--bcher-kva.example",
        "ａda@bücher.example.",
    ] {
        server.guess(email, CAFE, "").await.retry_after();
    }
}

/// As happens when too many passwords wait to be checked.
#[tokio::test]
async fn a_password_that_could_not_be_checked_does_not_count() {
    let site = site().await;
    let server = server_of(&site, "12").await;
    server.sign_up(ADA, HOME, "").await;
    execute(
        &site,
        "update app_user set password_hash = 'x' || password_hash",
    )
    .await;
    for _ in 0..15 {
        let reply = server.guess(ADA, CAFE, "").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    execute(
        &site,
        "update app_user set password_hash = substr(password_hash, 2)",
    )
    .await;
    server.use_up(ADA, CAFE, "").await;
}

#[tokio::test]
async fn one_ipv6_customer_is_one_network() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    server.use_up(ADA, "2001:db8:1:2::1", "").await;
    server
        .guess(ADA, "2001:db8:1:2:ffff::9", "")
        .await
        .retry_after();
    let other = server.guess(ADA, "2001:db8:1:3::1", "").await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cookie_that_is_not_of_this_account_gives_no_attempts() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let token = server.sign_up(ADA, HOME, "").await.browser();
    let bob = server.sign_up("bob@example.com", HOME, "").await.browser();
    let value = token.split_once('=').unwrap().1;
    server.use_up(ADA, CAFE, "").await;
    for cookies in [
        bob.clone(),
        "known_browser-3000=AAAAAAAAAAAAAAAAAAAAAA".into(),
        "known_browser-3000=".into(),
        format!("{token}A"),
        format!("{token}="),
        format!("known_browser-3000={}", value.to_lowercase()),
        format!("Known_browser={value}"),
        format!("__Host-known_browser-3000={value}"),
        format!("known_browser-3000=\"{value}\""),
        format!("known_browser-3000={}", "x.".repeat(5) + value),
        format!("x={token}"),
    ] {
        server.sign_in(ADA, CAFE, &cookies).await.retry_after();
    }
    for cookies in [
        format!("{bob}; {token}; known_browser-3000=junk"),
        format!("x=1;\t{token}\t"),
    ] {
        let known = server.sign_in(ADA, CAFE, &cookies).await;
        assert_eq!(known.status, StatusCode::OK, "{cookies}: {}", known.body);
    }
}

#[tokio::test]
async fn a_stolen_cookie_signs_nobody_in_and_has_as_many_guesses_as_a_network() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let stolen = server.sign_up(ADA, HOME, "").await.browser();
    let who = server.post("/api/session", CAFE, &stolen, "").await;
    assert_eq!(who.body, "null");
    for guess in 0..GUESSES {
        let network = format!("203.0.113.{guess}");
        let reply = server.guess(ADA, &network, &stolen).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
    server
        .guess(ADA, "203.0.113.200", &stolen)
        .await
        .retry_after();
    let without = server.sign_in(ADA, HOME, "").await;
    assert_eq!(without.status, StatusCode::OK, "the user has their own");
}

#[tokio::test]
async fn a_browser_is_known_to_five_accounts() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let emails: Vec<String> = (0..6).map(|n| format!("ada{n}@example.com")).collect();
    let mut browser = String::new();
    for email in &emails {
        browser = server.sign_up(email, HOME, &browser).await.browser();
        assert!(browser.split('.').count() <= 5, "{browser}");
    }
    for (n, email) in emails.iter().enumerate() {
        server.use_up(email, CAFE, "").await;
        let reply = server.sign_in(email, CAFE, &browser).await;
        let expected = if n == 0 { 429 } else { 200 };
        assert_eq!(reply.status.as_u16(), expected, "{email}: {}", reply.body);
        if n > 0 {
            browser = reply.browser();
        }
    }
}

#[tokio::test]
async fn a_changed_password_makes_the_other_browsers_unknown() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let signed_up = server.sign_up(ADA, HOME, "").await;
    let thief = server.sign_in(ADA, CAFE, "").await.browser();
    let fields = format!("current_password={PASSWORD}&password={PASSWORD}+staple");
    let session = signed_up.cookie("session");
    let changed = server
        .post("/api/change_password", HOME, &session, &fields)
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    server.use_up(ADA, CAFE, "").await;
    for browser in [thief, signed_up.browser()] {
        server.guess(ADA, CAFE, &browser).await.retry_after();
    }
    let here = server.guess(ADA, CAFE, &changed.browser()).await;
    assert_eq!(here.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_deleted_account_leaves_no_known_browser() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let session = server.sign_up(ADA, HOME, "").await.cookie("session");
    assert_eq!(count(&site, "app_known_browser").await, 1);
    let right = format!("confirm_password={PASSWORD}");
    server
        .post("/api/delete_account", HOME, &session, &right)
        .await;
    assert_eq!(count(&site, "app_known_browser").await, 0);
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone_and_stored_as_a_hash() {
    for (url, start, end) in [
        ("http://127.0.0.1:3000", "known_browser-3000=", ""),
        ("https://example.com", "__Host-known_browser=", "; Secure"),
    ] {
        let site = Site::with_settings(&[("SITE_URL", url)]).await;
        let fields = format!("name=Ada&email={ADA}&password={PASSWORD}");
        let reply = site.post("/api/sign_up", "", &fields).await;
        let cookies = reply.headers.get_all(header::SET_COOKIE).iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
        let cookie = cookies.find(|cookie| cookie.starts_with(start)).unwrap();
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"] {
            assert!(
                cookie.split("; ").any(|found| found == attribute),
                "{cookie}"
            );
        }
        assert_eq!(cookie.contains("; Secure"), !end.is_empty(), "{cookie}");
        let token = cookie.split([';', '=']).nth(1).unwrap().to_owned();
        let stored = format!("app_known_browser where token_hash like '%{token}%'");
        assert_eq!(count(&site, &stored).await, 0);
    }
}

#[tokio::test]
async fn the_limits_do_not_reveal_whether_an_account_exists() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let browser = server.sign_up(ADA, HOME, "").await.browser();
    for cookies in ["", "known_browser-3000=AAAAAAAAAAAAAAAAAAAAAA"] {
        for _ in 0..12 {
            let (there, not) = (
                server.guess(ADA, CAFE, cookies).await,
                server.guess("bob@example.com", CAFE, cookies).await,
            );
            assert_eq!(there.status, not.status);
            assert_eq!(there.body.split(':').next(), not.body.split(':').next());
        }
    }
    // A known browser of another account does not reveal it, either.
    assert_eq!(
        server
            .guess("carol@example.com", HOME, &browser)
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn no_password_is_checked_without_the_table_of_attempts() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let session = server.sign_up(ADA, HOME, "").await.cookie("session");
    execute(&site, "alter table app_attempt rename to away").await;
    let sign_up = format!("name=Bob&email=bob@example.com&password={PASSWORD}");
    let sign_in = format!("email={ADA}&password={PASSWORD}");
    let change = format!("current_password={PASSWORD}&password=a+new+password");
    let delete = format!("confirm_password={PASSWORD}");
    for (path, fields) in [
        ("/api/sign_up", &sign_up),
        ("/api/sign_in", &sign_in),
        ("/api/change_password", &change),
        ("/api/delete_account", &delete),
    ] {
        let reply = server.post(path, HOME, &session, fields).await;
        assert_eq!(
            reply.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}: {}",
            reply.body
        );
    }
    execute(&site, "alter table away rename to app_attempt").await;
    let back = server.sign_in(ADA, HOME, "").await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.body);
}

#[tokio::test]
async fn one_account_signs_in_a_hundred_times_an_hour() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    let browser = server.sign_up(ADA, HOME, "").await.browser();
    let start = Instant::now();
    let mut made = 0;
    let refused = loop {
        let reply = server.sign_in(ADA, &format!("203.0.113.{made}"), "").await;
        if reply.status != StatusCode::OK || made == 200 {
            break reply;
        }
        made += 1;
    };
    let wait = refused.retry_after();
    // On a slow machine, some are forgotten meanwhile.
    assert!(
        (100..=101 + start.elapsed().as_secs() / 36).contains(&made),
        "{made}"
    );
    assert!((1..=36).contains(&wait), "{wait}");
    server.sign_in(ADA, HOME, &browser).await.retry_after();
    // A wrong password gets the usual response.
    assert_eq!(
        server.guess(ADA, HOME, "").await.status,
        StatusCode::UNAUTHORIZED
    );
    pass(&site, wait).await;
    assert_eq!(server.sign_in(ADA, HOME, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn expired_rows_are_deleted_over_time() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    for n in 0..300 {
        let insert = format!("insert into app_attempt values ('{n}', {n}, 0)");
        execute(&site, &insert).await;
        let insert = format!("insert into app_known_browser values ('{n}', 'x', {n})");
        execute(&site, &insert).await;
    }
    server.sign_up(ADA, HOME, "").await;
    assert!(count(&site, "app_attempt").await < 300);
    for _ in 0..50 {
        server.sign_in(ADA, HOME, "").await;
    }
    assert!(count(&site, "app_attempt").await < 200);
    assert!(count(&site, "app_known_browser where user_id = 'x'").await < 200);
}

#[tokio::test]
async fn an_account_knows_the_fifty_browsers_that_were_used_last() {
    let site = site().await;
    let server = server_of(&site, "1000").await;
    server.sign_up(ADA, HOME, "").await;
    for n in 0..60 {
        let insert = format!(
            "insert into app_known_browser
            select 'other {n}', user_id, expires_at - 100 + {n} from app_known_browser
            where token_hash not like 'other%'"
        );
        execute(&site, &insert).await;
    }
    let browser = server.sign_in(ADA, HOME, "").await.browser();
    assert_eq!(count(&site, "app_known_browser").await, 50);
    let oldest = "app_known_browser where token_hash = 'other 0'";
    assert_eq!(count(&site, oldest).await, 0);
    server.use_up(ADA, CAFE, "").await;
    assert_eq!(
        server.sign_in(ADA, CAFE, &browser).await.status,
        StatusCode::OK
    );
}
