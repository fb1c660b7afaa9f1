//! No callback URL leads to a stranger's site, and none causes a panic.

mod common;
#[path = "redirects/hostile.rs"]
mod hostile;

use common::Site;
use hostile::{assert_safe, origin_of};
use leptos_guardian::server::{RedirectPolicy, RefusedRedirect};
use proptest::prelude::*;

/// An origin that the app allows.
const FRIEND: &str = "https://friend.example";

/// The scheme, the port and the form of the host change how an address is parsed.
const SITES: [&str; 5] = [
    "https://site.test",
    "http://site.test",
    "https://site.test:8443",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
];

fn policy() -> RedirectPolicy {
    RedirectPolicy::new("https://site.test".parse().unwrap())
}

#[test]
fn an_address_of_exactly_2048_bytes_is_accepted() {
    // As it is sent, with the origin.
    let path = "https://site.test/".len();
    let longest = format!("/{}", "a".repeat(2048 - path));
    assert!(policy().check(&longest).is_ok());
    assert_eq!(
        policy().check(&format!("{longest}a")),
        Err(RefusedRedirect::TooLong)
    );
    // As it is given: what a browser ignores counts, too.
    let padded = format!("/{}", "\t".repeat(2047));
    assert!(policy().check(&padded).is_ok());
    assert_eq!(
        policy().check(&format!("{padded}\t")),
        Err(RefusedRedirect::TooLong)
    );
}

#[test]
fn an_address_on_this_site_is_kept_without_its_origin() {
    for (address, expected) in [
        ("/", "/"),
        ("/bye?from=menu#top", "/bye?from=menu#top"),
        ("bye", "/bye"),
        ("?error=1", "/?error=1"),
        ("https://site.test/bye", "/bye"),
        ("https://SITE.test:443/bye", "/bye"),
        ("/a/../b", "/b"),
        ("/grüße", "/gr%C3%BC%C3%9Fe"),
        ("/line\nbreak", "/linebreak"),
        ("/tab\tand\u{0}nul", "/taband%00nul"),
        ("\t/bye", "/bye"),
        ("https:/bye", "/bye"),
    ] {
        assert_eq!(
            policy().check(address).unwrap().as_str(),
            expected,
            "{address:?}"
        );
    }
}

#[test]
fn everything_else_is_refused() {
    use RefusedRedirect as Refused;
    let long = format!("/{}", "a".repeat(5000));
    for (address, refused) in [
        ("", Refused::Empty),
        (" ", Refused::Empty),
        (long.as_str(), Refused::TooLong),
        ("https://evil.example", Refused::ForeignOrigin),
        ("http://site.test/", Refused::ForeignOrigin),
        ("https://site.test:444/", Refused::ForeignOrigin),
        ("https://site.test.evil.example/", Refused::ForeignOrigin),
        ("//evil.example", Refused::ForeignOrigin),
        ("/\\evil.example", Refused::ForeignOrigin),
        ("\\\\evil.example", Refused::ForeignOrigin),
        ("/\t/evil.example", Refused::ForeignOrigin),
        ("/\n/evil.example", Refused::ForeignOrigin),
        ("javascript:alert(1)", Refused::ForeignOrigin),
        ("data:text/html,hi", Refused::ForeignOrigin),
        ("blob:https://site.test/1234", Refused::ForeignOrigin),
        ("https://site.test@evil.example/", Refused::Credentials),
        ("https://user:secret@site.test/", Refused::Credentials),
        ("/.//evil.example", Refused::AmbiguousPath),
        ("https://site.test//evil.example", Refused::AmbiguousPath),
        ("https://[::1", Refused::NotAUrl),
        ("https://", Refused::NotAUrl),
    ] {
        let checked = policy().check(address);
        assert_eq!(checked.map(String::from), Err(refused), "{address:?}");
    }
}

/// Each site's policy, without and with an allowed origin.
struct Policies(Vec<(&'static str, Vec<&'static str>, RedirectPolicy)>);

impl Policies {
    async fn new() -> Self {
        let mut policies = Vec::new();
        for site in SITES {
            let alone = RedirectPolicy::new(site.parse().unwrap());
            policies.push((site, vec![], alone));
            let with_friend =
                Site::with(|builder| builder.site_url(site).allow_redirect_origin(FRIEND)).await;
            let policy = with_friend.guardian.redirects().clone();
            policies.push((site, vec![FRIEND], policy));
        }
        Self(policies)
    }

    /// Fails if the address leads to a stranger. Returns how many policies accept it.
    fn check(&self, address: &str) -> usize {
        let accepted = self.0.iter().filter(|(site, allowed, policy)| {
            let Ok(target) = policy.check(address) else {
                return false;
            };
            assert_safe(target.as_str(), site, allowed, address);
            // The policy refuses a stranger's address. It does not turn it into a path of this
            // site.
            let origin = origin_of(address, site).unwrap();
            let is_known = origin == *site || allowed.contains(&origin.as_str());
            assert!(is_known, "{address:?} became {target}");
            true
        });
        accepted.count()
    }
}

#[tokio::test]
async fn no_hostile_address_leads_to_a_stranger() {
    let policies = Policies::new().await;
    let (mut accepted, mut refused) = (0, 0);
    for site in SITES {
        for field in hostile::fields(site) {
            let count = policies.check(&hostile::decode(&field));
            accepted += count;
            refused += policies.0.len() - count;
        }
    }
    assert!(accepted > 1000, "only {accepted} were accepted");
    assert!(refused > 1000, "only {refused} were refused");
}

/// Parts of addresses, and text that has misled parsers, separated by `|`.
const PARTS: &str = "/|//|\\|.|..|@|:|?|#|%|[|]|\t|\n|\r|\0| |\u{1f}|\u{7f}|\u{a0}|\u{ad}|\u{200d}\
    |\u{2028}|\u{202e}|\u{3002}|\u{feff}|\u{ff0e}|\u{ff0f}|\u{ff20}|\u{ff3c}|%2f|%2F|%5c|%2e|%40|%00\
    |%0d%0a|%252f|http|https|http:|https:|blob:|data:|file:|javascript:|http://|https://|a|é|💩\
    |evil.example|friend.example|https://friend.example|site.test|https://site.test|[::1]\
    |127.0.0.1|http://127.0.0.1:3000|http://[::1]:3000|:3000|:443|:0|0x7f|xn--";

#[tokio::test]
async fn no_random_address_leads_to_a_stranger() {
    let policies = Policies::new().await;
    let parts: Vec<&str> = PARTS.split('|').collect();
    let composed = prop::collection::vec(prop::sample::select(parts), 0..12);
    let composed = composed.prop_map(|parts| parts.concat());
    // With random text in the middle.
    let mixed = (composed.clone(), any::<String>(), composed.clone());
    let mixed = mixed.prop_map(|(before, any, after)| before + &any + &after);
    let addresses = prop_oneof![any::<String>(), composed, mixed];
    let config = ProptestConfig {
        cases: 10_000,
        // A failing address belongs in the list of hostile addresses.
        failure_persistence: None,
        ..Default::default()
    };
    proptest!(config, |(address in addresses)| {
        policies.check(&address);
    });
}
