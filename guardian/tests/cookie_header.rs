//! The `Cookie` header is read as browsers write it (RFC 6265bis): no other name is ours, and what
//! else comes with ours does not matter.

mod common;

use axum::body::Body;
use common::{Answer, Site};
use http::{HeaderValue, Request, header};
use leptos_guardian::server::SigningKey;
use tower::ServiceExt as _;

/// A site, and the names of its two cookies that decide who is shown as signed in.
const SITES: [(&str, &str, &str); 2] = [
    ("http://site.test", "session", "pending_sign_out"),
    (
        "https://site.test",
        "__Host-session",
        "__Host-pending_sign_out",
    ),
];

/// What Unicode calls space, and what looks like nothing. Chromium lets a page on a subdomain set
/// a cookie whose name begins with one, for the whole domain.
const SPACES: &str = "\u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
    \u{2007}\u{2008}\u{2009}\u{200a}\u{200b}\u{2028}\u{2029}\u{202f}\u{205f}\u{2060}\u{3000}\u{feff}";

/// Asks with these `Cookie` headers.
async fn ask(site: &Site, cookies: &[Vec<u8>]) -> Answer {
    let mut request = Request::get("/whoami").body(Body::empty()).unwrap();
    for cookie in cookies {
        let cookie = HeaderValue::from_bytes(cookie).unwrap();
        request.headers_mut().append(header::COOKIE, cookie);
    }
    Answer::read(site.router.clone().oneshot(request).await.unwrap()).await
}

/// Who the server takes a browser for, which it leaves alone.
async fn is(site: &Site, cookies: &[Vec<u8>]) -> String {
    let answer = ask(site, cookies).await;
    assert!(answer.set_cookies().is_empty(), "{cookies:?}");
    answer.body
}

/// A cookie of this name, beside ours: before it, behind it, and in a header of its own.
fn beside(ours: &[u8], other: &[u8]) -> [Vec<Vec<u8>>; 4] {
    [
        vec![[other, b"; ", ours].concat()],
        vec![[ours, b"; ", other].concat()],
        vec![other.to_vec(), ours.to_vec()],
        vec![ours.to_vec(), other.to_vec()],
    ]
}

/// Names that are not this one, though they look like it.
fn disguises(name: &str) -> Vec<Vec<u8>> {
    let mut disguises: Vec<String> = SPACES
        .chars()
        .flat_map(|space| {
            [
                format!("{space}{name}"),
                format!("{name}{space}"),
                format!(" {space} {name}"),
            ]
        })
        .collect();
    disguises.extend([
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
    disguises.retain(|disguise| disguise != name);
    let mut disguises: Vec<Vec<u8>> = disguises.into_iter().map(String::into_bytes).collect();
    // Bytes that are no UTF-8.
    for byte in [0x80, 0x85, 0xa0, 0xff] {
        disguises.push([&[byte], name.as_bytes()].concat());
        disguises.push([name.as_bytes(), &[byte]].concat());
    }
    disguises
}

#[tokio::test]
async fn a_name_that_only_looks_like_ours_signs_nobody_in_and_nobody_out() {
    for (site_url, session, pending_sign_out) in SITES {
        let site = Site::with(|builder| builder.site_url(site_url)).await;
        let ada = site.signed_in("ada").await.cookies[0].1.clone();
        let eve = site.signed_in("eve").await.cookies[0].1.clone();
        let ours = format!("{session}={ada}").into_bytes();
        assert_eq!(is(&site, std::slice::from_ref(&ours)).await, "ada");
        for name in disguises(session) {
            for value in [&*eve, "junk", ""] {
                let planted = [&name, &b"="[..], value.as_bytes()].concat();
                assert_eq!(is(&site, std::slice::from_ref(&planted)).await, "nobody");
                for cookies in beside(&ours, &planted) {
                    assert_eq!(is(&site, &cookies).await, "ada", "{cookies:?}");
                }
            }
        }
        for name in disguises(pending_sign_out) {
            for cookies in beside(&ours, &[&name, &b"=x"[..]].concat()) {
                assert_eq!(is(&site, &cookies).await, "ada", "{cookies:?}");
            }
        }
    }
}

/// The other white space of ASCII is in no request: a server refuses it before anybody reads it.
#[test]
fn vertical_tabs_and_form_feeds_are_in_no_header() {
    for space in ["\u{b}", "\u{c}"] {
        assert!(HeaderValue::from_bytes(format!("{space}session=x").as_bytes()).is_err());
    }
}

#[tokio::test]
async fn a_pair_without_a_name_or_without_a_value_is_not_ours() {
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
            for cookies in beside(&ours, planted.as_bytes()) {
                assert_eq!(is(&site, &cookies).await, "ada", "{planted}");
            }
        }
    }
}

#[tokio::test]
async fn spaces_and_tabs_are_no_part_of_a_name_or_a_value() {
    let site = Site::new().await;
    let ada = site.signed_in("ada").await.cookies[0].1.clone();
    for cookies in [
        format!(" \t session \t = {ada}\t "),
        format!("a=b;session={ada};c=d"),
        format!("a=b;\tsession={ada} ; c=d;"),
    ] {
        assert_eq!(is(&site, &[cookies.into_bytes()]).await, "ada");
    }
}

#[tokio::test]
async fn among_others_of_its_name_ours_is_found() {
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
            for cookies in beside(&ours, junk.as_bytes()) {
                assert_eq!(is(&site, &cookies).await, "ada", "{junk}");
            }
        }
        let mut not_text = one("").into_bytes();
        not_text.extend([0xff, 0xfe]);
        for cookies in beside(&ours, &not_text) {
            assert_eq!(is(&site, &cookies).await, "ada");
        }
        for cookies in beside(&ours, &ours) {
            assert_eq!(is(&site, &cookies).await, "ada", "twice the same is one");
        }
    }
}
