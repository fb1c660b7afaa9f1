//! Where a browser may be sent. Everything that becomes a `Location` passes through here.

use crate::query::MAX_LENGTH;
use std::fmt;
use url::{Origin, Url, form_urlencoded};

/// An address that a browser may be sent to: on this site, or on an origin that the app
/// allows. Made by [`RedirectPolicy::check`] only, so holding one is the proof.
///
/// It is plain ASCII without control characters, thus always a valid header value.
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
    /// The address: a path with query and fragment for this site, a URL for another.
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use leptos_guardian::server::SafeRedirect;
    ///
    /// fn answer(target: &SafeRedirect) -> Redirect {
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

/// The address may not be redirected to.
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
    /// No address at all.
    #[error("it is empty")]
    Empty,
    /// Longer than 2048 bytes, as it was given or as it would be sent.
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
    /// Its path starts with two slashes, which reads as another host when written alone.
    #[error("its path looks like a host")]
    AmbiguousPath,
}

/// The site's own origin, and the others that may be redirected to.
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
    /// Allows the origin of `site` alone.
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

    /// The site's own origin, as a browser's `Origin` header has it.
    pub(crate) fn site_origin(&self) -> String {
        self.site.origin().ascii_serialization()
    }

    /// The other origins that may be redirected to, as a Content-Security-Policy's
    /// `form-action` must list them: browsers apply it to the redirect after a form, too.
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

    /// Reads an address as a browser on this site would ([WHATWG URL](https://url.spec.whatwg.org/))
    /// and accepts it if it stays on the site or leads to an allowed origin.
    ///
    /// # Errors
    ///
    /// Says why the address is refused.
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
        if address.len() > MAX_LENGTH {
            return Err(RefusedRedirect::TooLong);
        }
        let url = self
            .site
            .join(address)
            .map_err(|_| RefusedRedirect::NotAUrl)?;
        // As it would be sent: whatever is not ASCII has grown.
        if url.as_str().len() > MAX_LENGTH {
            return Err(RefusedRedirect::TooLong);
        }
        // `blob:` has the origin of the address inside it.
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
        // Without the origin, so that the browser stays on the host it used to get here.
        let local = &url[url::Position::BeforePath..];
        if local.starts_with("//") {
            return Err(RefusedRedirect::AmbiguousPath);
        }
        Ok(SafeRedirect(local.to_owned()))
    }

    /// The whole address, for readers who do not know the site.
    pub(super) fn in_full(&self, redirect: &SafeRedirect) -> String {
        self.site
            .join(redirect.as_str())
            .map_or_else(|_| redirect.to_string(), String::from)
    }

    /// One of the app's own pages, which is to pass a callback URL on. It is left out when it
    /// would make the address too long; where it leads is checked when it is used.
    ///
    /// # Errors
    ///
    /// Says why the page itself is refused.
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
