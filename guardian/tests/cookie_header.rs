//! The server reads the `Cookie` header as browsers write it (RFC 6265bis). It accepts only the
//! exact names of its cookies, and other cookies beside them make no difference.

mod common;

use axum::body::Body;
use common::{Site, TestResponse};
use http::{HeaderValue, Request, header};
use leptos_guardian::server::SigningKey;
use tower::ServiceExt as _;

/// A site, and the names of the two cookies that decide who is signed in.
const SITES: [(&str, &str, &str); 2] = [
    ("http://site.test", "guardian", "guardian_pending_sign_out"),
    (
        "https://site.test",
        "__Host-guardian",
        "__Host-guardian_pending_sign_out",
    ),
];

/// Unicode's spaces and invisible characters. Chromium lets a page on a subdomain set a cookie for
/// the whole domain whose name begins with one of them.
const SPACES: &str = "\u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
    \u{2007}\u{2008}\u{2009}\u{200a}\u{200b}\u{2028}\u{2029}\u{202f}\u{205f}\u{2060}\u{3000}\u{feff}";

/// Sends a request with these `Cookie` headers.
async fn send(site: &Site, cookies: &[Vec<u8>]) -> TestResponse {
    let mut request = Request::get("/whoami").body(Body::empty()).unwrap();
    for cookie in cookies {
        let cookie = HeaderValue::from_bytes(cookie).unwrap();
        request.headers_mut().append(header::COOKIE, cookie);
    }
    TestResponse::read(site.router.clone().oneshot(request).await.unwrap()).await
}

/// The user whom these `Cookie` headers sign in. The response must set no cookie.
async fn whoami(site: &Site, cookies: &[Vec<u8>]) -> String {
    let response = send(site, cookies).await;
    assert!(response.set_cookies().is_empty(), "{cookies:?}");
    response.body
}

/// The other cookie before ours and after it, in one header and in two.
fn combine(ours: &[u8], other: &[u8]) -> [Vec<Vec<u8>>; 4] {
    [
        vec![[other, b"; ", ours].concat()],
        vec![[ours, b"; ", other].concat()],
        vec![other.to_vec(), ours.to_vec()],
        vec![ours.to_vec(), other.to_vec()],
    ]
}

/// Names that look like this one.
fn lookalikes(name: &str) -> Vec<Vec<u8>> {
    let mut lookalikes: Vec<String> = SPACES
        .chars()
        .flat_map(|space| {
            [
                format!("{space}{name}"),
                format!("{name}{space}"),
                format!(" {space} {name}"),
            ]
        })
        .collect();
    lookalikes.extend([
        name.to_uppercase(),
        name.replace("__Host", "__host"),
        name.replace("__Host", "__HOST"),
        name.replace('s', "%73"),
        name.replace('_', "%5F"),
        format!("\"{name}\""),
        format!("{name}\"\""),
        format!("{name},"),
        format!("${name}"),
        format!("={name}"),
        name[1..].to_owned(),
    ]);
    lookalikes.retain(|lookalike| lookalike != name);
    let mut lookalikes: Vec<Vec<u8>> = lookalikes.into_iter().map(String::into_bytes).collect();
    // Bytes that are not UTF-8.
    for byte in [0x80, 0x85, 0xa0, 0xff] {
        lookalikes.push([&[byte], name.as_bytes()].concat());
        lookalikes.push([name.as_bytes(), &[byte]].concat());
    }
    lookalikes
}

#[tokio::test]
async fn a_name_that_only_looks_like_ours_signs_nobody_in_and_nobody_out() {
    for (site_url, session, pending_sign_out) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let ada = site.signed_in("ada").await.cookies[0].1.clone();
        let eve = site.signed_in("eve").await.cookies[0].1.clone();
        let ours = format!("{session}={ada}").into_bytes();
        assert_eq!(whoami(&site, std::slice::from_ref(&ours)).await, "ada");
        for name in lookalikes(session) {
            for value in [&*eve, "junk", ""] {
                let planted = [&name, &b"="[..], value.as_bytes()].concat();
                assert_eq!(
                    whoami(&site, std::slice::from_ref(&planted)).await,
                    "nobody"
                );
                for cookies in combine(&ours, &planted) {
                    assert_eq!(whoami(&site, &cookies).await, "ada", "{cookies:?}");
                }
            }
        }
        for name in lookalikes(pending_sign_out) {
            for cookies in combine(&ours, &[&name, &b"=x"[..]].concat()) {
                assert_eq!(whoami(&site, &cookies).await, "ada", "{cookies:?}");
            }
        }
    }
}

/// ASCII's other white space reaches no handler, because the HTTP library refuses it.
#[test]
fn no_header_can_contain_vertical_tabs_or_form_feeds() {
    for space in ["\u{b}", "\u{c}"] {
        assert!(HeaderValue::from_bytes(format!("{space}session=x").as_bytes()).is_err());
    }
}

#[tokio::test]
async fn a_malformed_pair_is_not_our_cookie() {
    for (site_url, session, _) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let ada = site.signed_in("ada").await.cookies[0].1.clone();
        let eve = site.signed_in("eve").await.cookies[0].1.clone();
        let ours = format!("{session}={ada}").into_bytes();
        for planted in [
            session.to_owned(),
            eve.clone(),
            format!("={eve}"),
            format!("={session}={eve}"),
            format!("{session}==") + &eve,
            format!("{session}=\"{eve}\""),
            format!("{session}:{eve}"),
            ";;; ; =; ==".to_owned(),
            String::new(),
        ] {
            for cookies in combine(&ours, planted.as_bytes()) {
                assert_eq!(whoami(&site, &cookies).await, "ada", "{planted}");
            }
        }
    }
}

#[tokio::test]
async fn spaces_and_tabs_around_names_and_values_are_ignored() {
    let site = Site::new().await;
    let ada = site.signed_in("ada").await.cookies[0].1.clone();
    for cookies in [
        format!(" \t guardian \t = {ada}\t "),
        format!("a=b;guardian={ada};c=d"),
        format!("a=b;\tguardian={ada} ; c=d;"),
    ] {
        assert_eq!(whoami(&site, &[cookies.into_bytes()]).await, "ada");
    }
}

#[tokio::test]
async fn our_cookie_is_found_among_others_of_its_name() {
    for (site_url, session, _) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let ada = site.signed_in("ada").await.cookies[0].1.clone();
        let (signature, token) = ada.split_at(44);
        let elsewhere =
            Site::with(|builder| builder.site_url(site_url).key(SigningKey::generate())).await;
        let foreign = elsewhere.signed_in("eve").await.cookies[0].1.clone();
        let ours = format!("{session}={ada}").into_bytes();
        let one = |value: &str| format!("{session}={value}");
        for junk in [
            one(""),
            one("junk"),
            one(token),
            one(&foreign),
            one(&format!(
                "{signature}{}",
                token.chars().rev().collect::<String>()
            )),
            one(&ada.to_uppercase()),
            one(&ada.replace('=', "%3D")),
            one(&"a".repeat(5000)),
            (0..50)
                .map(|count| one(&format!("junk-{count}")))
                .collect::<Vec<_>>()
                .join("; "),
            (0..50)
                .map(|count| format!("other-{count}=x"))
                .collect::<Vec<_>>()
                .join("; "),
        ] {
            for cookies in combine(&ours, junk.as_bytes()) {
                assert_eq!(whoami(&site, &cookies).await, "ada", "{junk}");
            }
        }
        let mut not_text = one("").into_bytes();
        not_text.extend([0xff, 0xfe]);
        for cookies in combine(&ours, &not_text) {
            assert_eq!(whoami(&site, &cookies).await, "ada");
        }
        for cookies in combine(&ours, &ours) {
            assert_eq!(
                whoami(&site, &cookies).await,
                "ada",
                "the same cookie twice counts once"
            );
        }
    }
}
