//! Planted cookies: they have our names, but a path or a domain where this site sets none. A page on
//! another port of the host can plant them, and over http so can a page on a sibling host. Responses
//! remove them, so that a browser recovers by itself.

use http::HeaderValue;
use url::{Host, Url};

/// The largest size of one response's removals, in bytes. By default, nginx reads 4 KB of headers and
/// responds with 502 to more.
const MAX_LENGTH: usize = 2048;

/// How many removals are in every response if there are too many: the most likely ones.
const LIKELY: usize = 12;

/// Browsers keep a partitioned cookie beside the unpartitioned one of the same name
/// ([CHIPS](https://datatracker.ietf.org/doc/html/draft-cutler-httpbis-partitioned-cookies)). A browser
/// without partitions confuses the two.
const PARTITIONED: &str = "Secure; Partitioned";

/// The paths and domains of planted cookies that reach the site.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The site's host and its parent domains. Each may be a cookie's `Domain`.
    domains: Vec<String>,
}

impl Places {
    pub(super) fn of(site: &Url) -> Self {
        let Some(Host::Domain(host)) = site.host() else {
            return Self {
                domains: Vec::new(),
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
        }
    }

    /// Returns the `Set-Cookie` header that removes the partitioned cookie beside the site's own.
    pub(super) fn partitioned_removal(name: &str) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("{name}=; Max-Age=0; Path=/; {PARTITIONED}")).ok()
    }

    /// Returns the `Set-Cookie` headers that remove cookies of these names from all places that reach
    /// this path, except the one where the site itself sets them.
    pub(super) fn removals(&self, names: &[String], path: &str) -> Vec<HeaderValue> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut removals = Vec::new();
        for place in self.reaching(path) {
            removals.extend(
                names
                    .iter()
                    .map(|name| format!("{name}=; Max-Age=0; {place}")),
            );
        }
        let removals = bounded(removals).into_iter();
        removals
            .filter_map(|removal| HeaderValue::try_from(removal).ok())
            .collect()
    }

    /// Returns the attributes of the places that reach this path, the most likely ones first.
    fn reaching(&self, path: &str) -> Vec<String> {
        let mut places = Vec::new();
        for path in prefixes(path) {
            for domain in &self.domains {
                places.push(format!("Path={path}; Domain={domain}"));
            }
            if path != "/" {
                places.push(format!("Path={path}"));
                places.push(format!("Path={path}; {PARTITIONED}"));
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
        let domains = |url: &str| Places::of(&url.parse().unwrap()).domains;
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
        let places = Places::of(&"http://a.b.c.d.app.test".parse().unwrap());
        let names = ["session".to_owned(), "pending_sign_out".to_owned()];
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
