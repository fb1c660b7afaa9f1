//! Where the site may send a browser. Everything that becomes a `Location` passes through here.

use crate::query::MAX_URL_LENGTH;
use std::fmt;
use url::{Origin, Url, form_urlencoded};

/// A URL that the site may send a browser to: on this site, or on an origin that the app allows. Only
/// [`RedirectPolicy`] makes one, so every value has been checked.
///
/// It is plain ASCII without control characters, so it is always a valid header value.
///
/// ```
/// use leptos_guardian::server::{RedirectPolicy, SafeRedirect};
///
/// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
/// let account: SafeRedirect = policy.check("https://example.com/account#name").unwrap();
/// assert_eq!(account.to_string(), "/account#name");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SafeRedirect(String);

impl SafeRedirect {
    /// The URL: a path with query and fragment for this site, a full URL for another.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::server::SafeRedirect;
    ///
    /// fn go_to(target: &SafeRedirect) -> Redirect {
    ///     Redirect::to(target.as_str())
    /// }
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SafeRedirect {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SafeRedirect> for String {
    fn from(redirect: SafeRedirect) -> Self {
        redirect.0
    }
}

/// Why the site may not send a browser to a URL.
///
/// ```
/// use leptos_guardian::server::{RedirectPolicy, RefusedRedirect};
///
/// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
/// assert_eq!(policy.check("//evil.example"), Err(RefusedRedirect::ForeignOrigin));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedRedirect {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is longer than 2048 bytes, as it was given or as it would be sent.
    #[error("it is too long")]
    TooLong,
    /// A browser would not understand it.
    #[error("it is not a URL")]
    NotAUrl,
    /// It leads to an origin that is not allowed.
    #[error("it leaves the allowed origins")]
    ForeignOrigin,
    /// It names a user or a password.
    #[error("it holds credentials")]
    Credentials,
    /// Its path starts with two slashes. Without the origin, it would read as another host.
    #[error("its path looks like a host")]
    AmbiguousPath,
}

/// The site's own origin, and the others that it may send a browser to.
///
/// ```
/// use leptos_guardian::server::RedirectPolicy;
///
/// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
/// assert!(policy.check("https://example.com/account").is_ok());
/// assert!(policy.check("https://docs.example.com/").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct RedirectPolicy {
    site: Url,
    allowed: Vec<Origin>,
}

impl RedirectPolicy {
    /// Allows only the origin of `site`.
    ///
    /// ```
    /// use leptos_guardian::server::RedirectPolicy;
    /// use url::Url;
    ///
    /// let policy = RedirectPolicy::new(Url::parse("https://example.com").unwrap());
    /// assert!(policy.check("/account").is_ok());
    /// ```
    pub fn new(site: Url) -> Self {
        Self {
            site,
            allowed: Vec::new(),
        }
    }

    pub(crate) fn allow(&mut self, origin: &Url) {
        self.allowed.push(origin.origin());
    }

    pub(super) fn site(&self) -> &Url {
        &self.site
    }

    /// The site's home page, `/`: where to go when a URL is refused.
    ///
    /// ```
    /// use leptos_guardian::server::{RedirectPolicy, SafeRedirect};
    ///
    /// fn target(policy: &RedirectPolicy, callback_url: &str) -> SafeRedirect {
    ///     policy.check(callback_url).unwrap_or_else(|_| policy.home())
    /// }
    /// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
    /// assert_eq!(target(&policy, "//evil.example").as_str(), "/");
    /// ```
    pub fn home(&self) -> SafeRedirect {
        SafeRedirect("/".into())
    }

    /// The site's own origin, as a browser's `Origin` header has it.
    pub(crate) fn site_origin(&self) -> String {
        self.site.origin().ascii_serialization()
    }

    /// The other origins that the site may send a browser to. List them in a Content-Security-Policy's
    /// `form-action`: browsers apply it to the redirect after a form, too.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # fn example(guardian: &Guardian) -> String {
    /// let origins = guardian.redirects().allowed_origins().join(" ");
    /// format!("form-action 'self' {origins}")
    /// # }
    /// ```
    pub fn allowed_origins(&self) -> Vec<String> {
        self.allowed
            .iter()
            .map(Origin::ascii_serialization)
            .collect()
    }

    /// Reads a URL as a browser on this site would ([WHATWG URL](https://url.spec.whatwg.org/)), and
    /// accepts it if it stays on the site or leads to an allowed origin.
    ///
    /// # Errors
    ///
    /// [`RefusedRedirect`] says why the URL is refused.
    ///
    /// ```
    /// use leptos_guardian::server::RedirectPolicy;
    ///
    /// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
    /// assert_eq!(policy.check("/bye?from=menu").unwrap().as_str(), "/bye?from=menu");
    /// assert!(policy.check("/\\evil.example").is_err());
    /// assert!(policy.check("https://example.com@evil.example").is_err());
    /// ```
    pub fn check(&self, address: &str) -> Result<SafeRedirect, RefusedRedirect> {
        if address.trim().is_empty() {
            return Err(RefusedRedirect::Empty);
        }
        if address.len() > MAX_URL_LENGTH {
            return Err(RefusedRedirect::TooLong);
        }
        let url = self
            .site
            .join(address)
            .map_err(|_| RefusedRedirect::NotAUrl)?;
        // As it would be sent: characters outside ASCII are now longer.
        if url.as_str().len() > MAX_URL_LENGTH {
            return Err(RefusedRedirect::TooLong);
        }
        // A `blob:` URL has the origin of the URL inside it.
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RefusedRedirect::ForeignOrigin);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RefusedRedirect::Credentials);
        }
        if self.allowed.contains(&url.origin()) {
            return Ok(SafeRedirect(url.into()));
        }
        if url.origin() != self.site.origin() {
            return Err(RefusedRedirect::ForeignOrigin);
        }
        // Without the origin, so that the browser stays on the host that it uses.
        let local = &url[url::Position::BeforePath..];
        if local.starts_with("//") {
            return Err(RefusedRedirect::AmbiguousPath);
        }
        Ok(SafeRedirect(local.to_owned()))
    }

    /// Returns the full URL, for readers that do not know the site.
    pub(super) fn full_url(&self, redirect: &str) -> String {
        self.site
            .join(redirect)
            .map_or_else(|_| redirect.to_owned(), String::from)
    }

    /// Returns one of the app's own pages, with a callback URL for it to pass on. A callback URL that
    /// would make the whole URL too long is dropped. It is checked later, when it is used.
    ///
    /// # Errors
    ///
    /// [`RefusedRedirect`] says why the page itself is refused.
    ///
    /// ```
    /// use leptos_guardian::server::RedirectPolicy;
    ///
    /// let policy = RedirectPolicy::new("https://example.com".parse().unwrap());
    /// let sign_in = policy.check_page("/sign-in", Some("/account?tab=1")).unwrap();
    /// assert_eq!(sign_in.as_str(), "/sign-in?callback_url=%2Faccount%3Ftab%3D1");
    /// ```
    pub fn check_page(
        &self,
        page: &str,
        callback_url: Option<&str>,
    ) -> Result<SafeRedirect, RefusedRedirect> {
        let Some(callback_url) = callback_url else {
            return self.check(page);
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        let callback_url: String =
            form_urlencoded::byte_serialize(callback_url.as_bytes()).collect();
        self.check(&format!("{page}{separator}callback_url={callback_url}"))
            .or_else(|_| self.check(page))
    }
}
