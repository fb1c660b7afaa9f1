//! Where browsers keep the library's cookies, and to which requests they send them: names and attributes,
//! checked against the site.

use url::{Host, Url};

/// The name of the session's cookie unless the app has another, and the beginning of the others' names. It
/// is the library's own: other apps on `localhost` share their cookies with this one, and `session` is the
/// default of many.
const DEFAULT_NAME: &str = "guardian";

/// Browsers let only the site's own host set such a cookie, over https, for all of its paths
/// ([RFC 6265bis, section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
const HOST_PREFIX: &str = "__Host-";

/// Browsers let only https sites set such a cookie, sibling hosts among them.
const SECURE_PREFIX: &str = "__Secure-";

/// Which requests from other sites bring the session's cookie. See [`Builder::same_site`].
///
/// [`Builder::same_site`]: super::Builder::same_site
///
/// ```
/// use leptos_guardian::server::SameSite;
///
/// assert_eq!(SameSite::default(), SameSite::Lax);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Links from other sites bring it. Their forms, frames and scripts do not.
    #[default]
    Lax,
    /// No request that another site has caused brings it, not even a link in a mail.
    Strict,
    /// Frames on other sites bring it, too. It is `Partitioned`: each of those sites has its own.
    None,
}

/// Why the settings of the cookie cannot work.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::{BuildError, CookieError, Database, Guardian, SigningKey};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
/// # let database = Database::connect(&url).await.unwrap();
/// let builder = Guardian::builder(database)
///     .site_url("https://app.example.com")
///     .key(SigningKey::generate())
///     .cookie_domain("example.org");
/// let refused = builder.build().await.unwrap_err();
/// assert!(matches!(refused, BuildError::Cookie(CookieError::Domain { .. })));
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is empty or has other characters.
    #[error("the cookie's name may have letters, digits, - and _ only, but is {0:?}")]
    Name(String),
    /// The library has another cookie of this name, or an app on the same host would have.
    #[error(
        "the cookie's name {name:?} ends with {end:?}, as another of the library's cookies does"
    )]
    Taken {
        /// The name.
        name: String,
        /// Its end.
        end: &'static str,
    },
    /// Browsers refuse a `__Host-` cookie with a domain, with another path than `/`, or over http.
    #[error(
        "{0:?} cannot have the prefix __Host-: that needs https, the path / and no domain. Leave the prefix out, and the library chooses one"
    )]
    HostPrefix(String),
    /// Browsers refuse a `__Secure-` cookie over http.
    #[error(
        "{0:?} cannot have the prefix __Secure-: that needs https. Leave the prefix out, and the library chooses one"
    )]
    SecurePrefix(String),
    /// The domain is not the site's host or one of its parents.
    #[error(
        "the cookie's domain {domain:?} is not the site's: it must be {host:?}, or a parent of it with a dot"
    )]
    Domain {
        /// The cookie's domain.
        domain: String,
        /// The host of the site's URL.
        host: String,
    },
    /// The path is not one.
    #[error("the cookie's path must begin with / and have no spaces or semicolons, but is {0:?}")]
    Path(String),
    /// `SameSite=None` over http.
    #[error("browsers accept SameSite=None only with Secure, and Secure needs an https site_url")]
    InsecureNone,
}

/// What the app has chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieSettings {
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) same_site: SameSite,
}

/// The place of the cookies. All of the library's have the same one.
#[derive(Clone, Debug)]
pub(crate) struct CookiePlace {
    prefix: &'static str,
    name: String,
    /// Empty for the scheme's own port.
    port: String,
    pub(super) is_secure: bool,
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) same_site: SameSite,
}

impl CookiePlace {
    /// Checks the settings. `suffixes`: how the names of the library's other cookies end.
    pub(crate) fn of(
        site: &Url,
        settings: &CookieSettings,
        suffixes: &[&'static str],
    ) -> Result<Self, CookieError> {
        let is_secure = site.scheme() == "https";
        let domain = settings.domain.as_deref();
        let domain = domain.map(|domain| domain_of(domain, site)).transpose()?;
        let path = settings.path.as_deref().unwrap_or("/");
        if !is_path(path) {
            return Err(CookieError::Path(path.to_owned()));
        }
        if settings.same_site == SameSite::None && !is_secure {
            return Err(CookieError::InsecureNone);
        }
        let is_for_host = is_secure && domain.is_none() && path == "/";
        let given = settings.name.as_deref().unwrap_or(DEFAULT_NAME);
        let (prefix, name) = if let Some(name) = given.strip_prefix(HOST_PREFIX) {
            if !is_for_host {
                return Err(CookieError::HostPrefix(given.to_owned()));
            }
            (HOST_PREFIX, name)
        } else if let Some(name) = given.strip_prefix(SECURE_PREFIX) {
            if !is_secure {
                return Err(CookieError::SecurePrefix(given.to_owned()));
            }
            (SECURE_PREFIX, name)
        } else {
            (prefix(is_secure, is_for_host), given)
        };
        if !is_name(name) {
            return Err(CookieError::Name(given.to_owned()));
        }
        if let Some(end) = suffixes.iter().find(|end| name.ends_with(*end)) {
            let name = given.to_owned();
            return Err(CookieError::Taken { name, end });
        }
        Ok(Self {
            prefix,
            name: name.to_owned(),
            port: site
                .port()
                .map(|port| format!("-{port}"))
                .unwrap_or_default(),
            is_secure,
            domain,
            path: path.to_owned(),
            same_site: settings.same_site,
        })
    }

    /// Returns the full name of one of the library's cookies; that of the session's cookie without a
    /// suffix. Browsers send cookies to all ports of a host, so the port keeps two apps on one machine
    /// apart.
    pub(super) fn name(&self, suffix: &str) -> String {
        let separator = if suffix.is_empty() { "" } else { "_" };
        let Self {
            prefix, name, port, ..
        } = self;
        format!("{prefix}{name}{separator}{suffix}{port}")
    }

    /// Returns the full name of one of the app's cookies, which are for this host alone.
    pub(super) fn app_name(&self, name: &str) -> String {
        format!(
            "{}{name}{}",
            prefix(self.is_secure, self.is_secure),
            self.port
        )
    }

    /// Whether no other host can set a cookie with such a name.
    pub(super) fn is_for_host(&self) -> bool {
        self.prefix == HOST_PREFIX
    }

    pub(super) fn is_partitioned(&self) -> bool {
        self.same_site == SameSite::None
    }

    /// Whether browsers take the cookies from a page at this address
    /// ([RFC 6265bis, section 5.7](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7)),
    /// as far as the address decides. Some also take `Secure` ones from `http://localhost`.
    pub(super) fn is_accepted_at(&self, page: &Url) -> bool {
        let host = page.host_str().unwrap_or_default();
        let is_in_domain = self.domain.as_deref().is_none_or(|domain| {
            let rest = host.strip_suffix(domain);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        is_in_domain && (page.scheme() == "https" || !self.is_secure)
    }

    /// Whether browsers send the cookies to a path
    /// ([RFC 6265, section 5.1.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4)).
    pub(super) fn reaches(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

fn prefix(is_secure: bool, is_for_host: bool) -> &'static str {
    match (is_secure, is_for_host) {
        (true, true) => HOST_PREFIX,
        (true, false) => SECURE_PREFIX,
        (false, _) => "",
    }
}

/// Returns the domain as browsers compare it. They refuse a top-level domain.
fn domain_of(domain: &str, site: &Url) -> Result<String, CookieError> {
    let refused = || CookieError::Domain {
        domain: domain.to_owned(),
        host: site.host_str().unwrap_or_default().to_owned(),
    };
    let bare = domain.strip_prefix('.').unwrap_or(domain);
    let Ok(Host::Domain(wanted)) = Host::parse(bare) else {
        return Err(refused());
    };
    let Some(Host::Domain(host)) = site.host() else {
        return Err(refused());
    };
    let is_parent = host
        .strip_suffix(wanted.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !is_parent || !wanted.trim_matches('.').contains('.') {
        return Err(refused());
    }
    Ok(wanted)
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b';')
}

/// The page's script looks for it with a regular expression.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && !name.starts_with("__") && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIXES: [&str; 2] = ["unrevoked", "signed_in"];

    fn place(site: &str, settings: CookieSettings) -> Result<CookiePlace, CookieError> {
        CookiePlace::of(&site.parse().unwrap(), &settings, &SUFFIXES)
    }

    fn named(name: &str) -> CookieSettings {
        CookieSettings {
            name: Some(name.into()),
            ..Default::default()
        }
    }

    fn on_domain(domain: &str) -> CookieSettings {
        CookieSettings {
            domain: Some(domain.into()),
            ..Default::default()
        }
    }

    fn at(path: &str) -> CookieSettings {
        CookieSettings {
            path: Some(path.into()),
            ..Default::default()
        }
    }

    #[test]
    fn names_have_the_prefix_that_holds_and_the_port() {
        for (site, settings, expected, of_app) in [
            ("http://a.test", named("shop"), "shop", "theme"),
            (
                "https://a.test",
                named("shop"),
                "__Host-shop",
                "__Host-theme",
            ),
            (
                "https://a.test",
                named("__Host-shop"),
                "__Host-shop",
                "__Host-theme",
            ),
            (
                "https://a.test",
                named("__Secure-shop"),
                "__Secure-shop",
                "__Host-theme",
            ),
            (
                "https://a.test:8443",
                named("shop"),
                "__Host-shop-8443",
                "__Host-theme-8443",
            ),
            (
                "https://a.test",
                on_domain("a.test"),
                "__Secure-guardian",
                "__Host-theme",
            ),
            (
                "https://a.test",
                at("/shop"),
                "__Secure-guardian",
                "__Host-theme",
            ),
            (
                "http://localhost:3000",
                Default::default(),
                "guardian-3000",
                "theme-3000",
            ),
        ] {
            let place = place(site, settings).unwrap();
            assert_eq!(place.name(""), expected);
            assert_eq!(place.app_name("theme"), of_app);
            let (start, port) = expected.split_at(
                expected
                    .rfind("-8443")
                    .or(expected.rfind("-3000"))
                    .unwrap_or(expected.len()),
            );
            assert_eq!(place.name("unrevoked"), format!("{start}_unrevoked{port}"));
        }
    }

    #[test]
    fn a_domain_is_the_sites_host_or_a_parent_of_it() {
        for (site, domain, expected) in [
            (
                "https://app.example.com",
                "example.com",
                Some("example.com"),
            ),
            (
                "https://app.example.com",
                ".Example.com",
                Some("example.com"),
            ),
            (
                "https://app.example.com",
                "app.example.com",
                Some("app.example.com"),
            ),
            (
                "https://app.b\u{fc}cher.example",
                "b\u{fc}cher.example",
                Some("xn--bcher-kva.example"),
            ),
            ("https://app.example.com", "com", None),
            ("https://app.example.com", "ample.com", None),
            ("https://app.example.com", "other.com", None),
            ("https://app.example.com", "www.app.example.com", None),
            ("https://app.example.com", "", None),
            ("https://app.example.com", "example.com; Path=/", None),
            ("http://localhost:3000", "localhost", None),
            ("http://127.0.0.1:3000", "127.0.0.1", None),
            ("http://127.0.0.1:3000", "0.1", None),
            ("http://[::1]:3000", "[::1]", None),
        ] {
            let place = place(site, on_domain(domain));
            match expected {
                Some(expected) => assert_eq!(place.unwrap().domain.as_deref(), Some(expected)),
                None => assert!(
                    matches!(place, Err(CookieError::Domain { .. })),
                    "{site} {domain}: {place:?}"
                ),
            }
        }
    }

    #[test]
    fn what_browsers_would_refuse_is_an_error() {
        let none = CookieSettings {
            same_site: SameSite::None,
            ..Default::default()
        };
        let prefixed = |name: &str, other: CookieSettings| CookieSettings {
            name: Some(name.into()),
            ..other
        };
        let (http, https) = ("http://app.test", "https://app.test");
        for (site, settings, expected) in [
            (http, none.clone(), "SameSite=None only with Secure"),
            (http, named("__Host-shop"), "cannot have the prefix __Host-"),
            (
                https,
                prefixed("__Host-shop", on_domain("app.test")),
                "cannot have the prefix __Host-",
            ),
            (
                https,
                prefixed("__Host-shop", at("/shop")),
                "cannot have the prefix __Host-",
            ),
            (
                http,
                named("__Secure-shop"),
                "cannot have the prefix __Secure-",
            ),
            (https, named("__host-shop"), "letters, digits"),
            (https, named(""), "letters, digits"),
            (https, named("__Host-"), "letters, digits"),
            (https, named("a=b"), "letters, digits"),
            (https, named("a;b"), "letters, digits"),
            (https, named("a.*"), "letters, digits"),
            (https, named("a b"), "letters, digits"),
            (https, named("b\u{fc}cher"), "letters, digits"),
            (
                https,
                named("shop_unrevoked"),
                "as another of the library's cookies does",
            ),
            (
                https,
                named("signed_in"),
                "as another of the library's cookies does",
            ),
            (https, at("shop"), "must begin with /"),
            (https, at("/a; Domain=b"), "must begin with /"),
            (https, at("/a\r\nSet-Cookie: b"), "must begin with /"),
            (https, at(""), "must begin with /"),
        ] {
            let refused = place(site, settings).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(place(https, none).is_ok());
    }

    #[test]
    fn a_path_reaches_what_is_below_it() {
        for (own, path, expected) in [
            ("/", "/api/sign_out", true),
            ("/shop", "/shop", true),
            ("/shop", "/shop/cart", true),
            ("/shop/", "/shop/cart", true),
            ("/shop", "/shopping", false),
            ("/shop", "/api/sign_out", false),
        ] {
            let place = place("http://a.test", at(own)).unwrap();
            assert_eq!(place.reaches(path), expected, "{own} {path}");
        }
    }
}
