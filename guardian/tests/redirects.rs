//! Invariant 6: no callback URL leads to a stranger's site, and none panics.

use leptos_guardian::server::{RedirectPolicy, RefusedRedirect};

fn policy() -> RedirectPolicy {
    RedirectPolicy::new("https://site.test".parse().unwrap())
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
        let answer = policy().check(address);
        assert_eq!(answer.map(String::from), Err(refused), "{address:?}");
    }
}
