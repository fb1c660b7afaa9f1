//! Hostile callback URLs, and the check of where they lead.
#![allow(dead_code, reason = "each test file uses its part")]

use http::HeaderValue;
use url::{Url, form_urlencoded};

/// Every hostile callback URL for this site, encoded as a form field carries it.
pub fn fields(site: &str) -> Vec<String> {
    let site = Url::parse(site).unwrap();
    let (host, port) = (site.host_str().unwrap(), site.port_or_known_default());
    include_str!("hostile.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.replace("{site}", &site.origin().ascii_serialization())
                .replace("{host}", host)
                .replace("{port}", &port.unwrap().to_string())
                .replace("{long}", &"a".repeat(3000))
                .replace("{wide}", &"%C3%A9".repeat(700))
        })
        // An empty one is hard to see in a file.
        .chain([String::new()])
        .collect()
}

/// A form field as the server decodes it. Bytes that are not UTF-8 are replaced.
pub fn decode(field: &str) -> String {
    let form = format!("callback_url={field}");
    let (_, url) = form_urlencoded::parse(form.as_bytes()).next().unwrap();
    url.into_owned()
}

/// Fails if a browser on `site` that follows `target` leaves both the site and the `allowed`
/// origins.
pub fn assert_safe(target: &str, site: &str, allowed: &[&str], asked: &str) {
    let must = |hold: bool, what: &str| assert!(hold, "{asked:?} leads to {target:?}: {what}");
    let is_printable = target.bytes().all(|byte| byte.is_ascii_graphic());
    must(is_printable, "not printable ASCII");
    must(HeaderValue::from_str(target).is_ok(), "not a header value");
    must(target.len() <= 2048, "too long for some proxies");
    // Without a URL parser, which may have the same bug as the code under test.
    let is_path = target.starts_with('/') && !target[1..].starts_with(['/', '\\']);
    let is_allowed = allowed.iter().any(|origin| {
        let rest = target.strip_prefix(origin);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    });
    must(
        is_path || is_allowed,
        "neither a path nor an allowed origin",
    );
    // As a browser parses it, from several pages.
    for page in ["/", "/sign-out?callback_url=x", "/api/sign_out"] {
        let origin = origin_of(target, &format!("{site}{page}")).unwrap();
        let is_known = origin == site || allowed.contains(&origin.as_str());
        must(is_known, &origin);
    }
}

/// The origin that an address leads to from a page, as a browser parses it.
pub fn origin_of(address: &str, page: &str) -> Option<String> {
    let url = Url::parse(page).unwrap().join(address).ok()?;
    Some(url.origin().ascii_serialization())
}
