//! Planted cookies: they have our names, but a path or a domain where this site sets none. A page on
//! another port of the host can plant them, and over http so can a page on a sibling host. Responses
//! remove them, so that a browser recovers by itself.

use super::cookie_place::CookiePlace;
use http::HeaderValue;
use url::{Host, Url};

/// The largest size of one response's removals, in bytes. By default, nginx reads 4 KB of headers and
/// responds with 502 to more.
const MAX_LENGTH: usize = 2048;

/// How many removals are in every response if there are too many: the most likely ones.
const LIKELY: usize = 12;

/// The paths and domains of planted cookies that reach the site.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The site's host and its parent domains. Each may be a cookie's `Domain`.
    domains: Vec<String>,
    /// Where the site sets its own.
    own: CookiePlace,
}

/// One of them.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    domain: Option<&'a str>,
    /// Browsers keep a partitioned cookie beside the unpartitioned one of the same name
    /// ([CHIPS](https://datatracker.ietf.org/doc/html/draft-cutler-httpbis-partitioned-cookies)). A browser
    /// without partitions confuses the two.
    is_partitioned: bool,
}

impl Places {
    pub(super) fn of(site: &Url, own: &CookiePlace) -> Self {
        let own = own.clone();
        let Some(Host::Domain(host)) = site.host() else {
            return Self {
                domains: Vec::new(),
                own,
            };
        };
        let parents = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
        Self {
            // Browsers refuse a cookie for a top-level domain. For `localhost`, it would be the host's
            // own.
            domains: std::iter::once(host)
                .chain(parents)
                .filter(|domain| domain.contains('.'))
                .map(str::to_owned)
                .collect(),
            own,
        }
    }

    /// Returns the `Set-Cookie` header that removes the cookie beside the site's own: the partitioned one, or
    /// the unpartitioned one if the site's own is partitioned.
    pub(super) fn twin_removal(&self, name: &str) -> Option<HeaderValue> {
        let twin = Place {
            path: &self.own.path,
            domain: self.own.domain.as_deref(),
            is_partitioned: !self.own.is_partitioned(),
        };
        HeaderValue::try_from(self.removal(name, twin)).ok()
    }

    /// Browsers refuse one without `Secure` for a name that begins with `__Secure-`, and, in a frame on
    /// another site, one without `SameSite=None`.
    fn removal(&self, name: &str, place: Place<'_>) -> String {
        let Place {
            path,
            domain,
            is_partitioned,
        } = place;
        let domain = domain.map(|domain| format!("; Domain={domain}"));
        let is_secure = is_partitioned || self.own.is_secure;
        let secure = if is_secure { "; Secure" } else { "" };
        let same_site = if self.own.is_partitioned() {
            "; SameSite=None"
        } else {
            ""
        };
        let partitioned = if is_partitioned { "; Partitioned" } else { "" };
        let domain = domain.unwrap_or_default();
        format!("{name}=; Max-Age=0; Path={path}{domain}{secure}{same_site}{partitioned}")
    }

    /// Returns the `Set-Cookie` headers that remove cookies of these names from all places that reach
    /// this path, except the one where the site itself sets them.
    pub(super) fn removals(&self, names: &[&str], path: &str) -> Vec<HeaderValue> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut removals = Vec::new();
        for place in self.reaching(path) {
            removals.extend(names.iter().map(|name| self.removal(name, place)));
        }
        let removals = bounded(removals).into_iter();
        removals
            .filter_map(|removal| HeaderValue::try_from(removal).ok())
            .collect()
    }

    /// Returns the places that reach this path, except the site's own and its
    /// [twin](Self::twin_removal), the most likely ones first.
    fn reaching<'a>(&'a self, path: &'a str) -> Vec<Place<'a>> {
        let mut places = Vec::new();
        for path in prefixes(path) {
            let domains = self.domains.iter().map(|domain| Some(domain.as_str()));
            for domain in domains.chain([None]) {
                if path == self.own.path && domain == self.own.domain.as_deref() {
                    continue;
                }
                // Over http, a page on another port can plant partitioned ones on `localhost` alone, and none
                // with a domain.
                for is_partitioned in [false, true] {
                    if !is_partitioned || domain.is_none() || self.own.is_secure {
                        places.push(Place {
                            path,
                            domain,
                            is_partitioned,
                        });
                    }
                }
            }
        }
        places
    }
}

/// Returns the paths whose cookies are sent to this one
/// ([RFC 6265, section 5.1.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4)), as far as a cookie
/// can have them.
fn prefixes(path: &str) -> Vec<&str> {
    let path = path.split(';').next().unwrap_or_default();
    let mut prefixes = vec!["/"];
    for (slash, _) in path.match_indices('/').skip(1) {
        prefixes.extend([&path[..slash], &path[..=slash]]);
    }
    prefixes.push(path);
    prefixes.retain(|prefix| prefix.starts_with('/'));
    prefixes.dedup();
    prefixes
}

/// Limits the removals to what one response can hold. If there are too many, each response has a random
/// part of them, so a browser that sends more requests loses all planted cookies.
fn bounded(mut removals: Vec<String>) -> Vec<String> {
    let length: usize = removals.iter().map(String::len).sum();
    if length > MAX_LENGTH && removals.len() > LIKELY {
        let others = &mut removals[LIKELY..];
        others.rotate_left(rand::random_range(0..others.len()));
    }
    let mut left = MAX_LENGTH;
    removals.retain(|removal| match left.checked_sub(removal.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    removals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::cookie_place::{CookieSettings, SameSite};

    fn places(site: &str, settings: CookieSettings) -> Places {
        let site = site.parse().unwrap();
        let own = CookiePlace::of(&site, &settings, &[]).unwrap();
        Places::of(&site, &own)
    }

    /// The removals from all places that reach `/a`, with the twin's.
    fn removals(site: &str, settings: CookieSettings) -> Vec<String> {
        let places = places(site, settings);
        let removals = places.removals(&["x"], "/a").into_iter();
        let all = removals.chain(places.twin_removal("x"));
        all.map(|removal| removal.to_str().unwrap()["x=; Max-Age=0; ".len()..].to_owned())
            .collect()
    }

    #[test]
    fn a_shared_cookie_is_removed_from_all_places_but_its_own() {
        let settings = CookieSettings {
            domain: Some("app.test".into()),
            ..Default::default()
        };
        assert_eq!(
            removals("https://www.app.test", settings),
            [
                "Path=/; Domain=www.app.test; Secure",
                "Path=/; Domain=www.app.test; Secure; Partitioned",
                "Path=/; Secure",
                "Path=/; Secure; Partitioned",
                "Path=/a; Domain=www.app.test; Secure",
                "Path=/a; Domain=www.app.test; Secure; Partitioned",
                "Path=/a; Domain=app.test; Secure",
                "Path=/a; Domain=app.test; Secure; Partitioned",
                "Path=/a; Secure",
                "Path=/a; Secure; Partitioned",
                "Path=/; Domain=app.test; Secure; Partitioned",
            ]
        );
    }

    #[test]
    fn a_partitioned_cookie_has_an_unpartitioned_twin() {
        let settings = CookieSettings {
            same_site: SameSite::None,
            ..Default::default()
        };
        let places = places("https://app.test", settings);
        assert_eq!(
            places.twin_removal("x").unwrap(),
            "x=; Max-Age=0; Path=/; Secure; SameSite=None"
        );
    }

    #[test]
    fn a_cookie_of_a_path_is_removed_from_the_root() {
        let settings = CookieSettings {
            path: Some("/a".into()),
            ..Default::default()
        };
        assert_eq!(
            removals("http://localhost", settings),
            [
                "Path=/",
                "Path=/; Secure; Partitioned",
                "Path=/a; Secure; Partitioned"
            ]
        );
    }

    #[test]
    fn a_path_gets_the_cookies_of_its_parents() {
        assert_eq!(prefixes("/"), ["/"]);
        assert_eq!(prefixes("/a"), ["/", "/a"]);
        assert_eq!(prefixes("/a/"), ["/", "/a", "/a/"]);
        assert_eq!(prefixes("/a/b"), ["/", "/a", "/a/", "/a/b"]);
        assert_eq!(prefixes("//a"), ["/", "//", "//a"]);
        assert_eq!(prefixes("/a/b;c/d"), ["/", "/a", "/a/", "/a/b"]);
        assert_eq!(prefixes("*"), ["/"]);
    }

    #[test]
    fn a_host_gets_the_cookies_of_its_parent_domains() {
        let domains = |url: &str| places(url, Default::default()).domains;
        assert_eq!(
            domains("http://www.app.test:3000"),
            ["www.app.test", "app.test"]
        );
        for url in ["http://localhost", "http://127.0.0.1", "http://[::1]"] {
            assert!(domains(url).is_empty(), "{url}");
        }
    }

    #[test]
    fn several_responses_remove_what_does_not_fit_into_one() {
        let places = places("http://a.b.c.d.app.test", Default::default());
        let names = ["session", "pending_sign_out"];
        let path = "/one".repeat(20);
        let all = places.reaching(&path).len() * names.len();
        let mut removed = std::collections::HashSet::new();
        for _ in 0..1000 {
            let removals = places.removals(&names, &path);
            let length: usize = removals.iter().map(HeaderValue::len).sum();
            assert!(length <= MAX_LENGTH);
            removed.extend(removals);
        }
        assert_eq!(removed.len(), all);
    }
}
