//! The configuration of a [`Guardian`], safe by default.

use super::{
    Database, Guardian, SignOutEvent, SigningKey,
    client_info::Proxies,
    clock::Clock,
    cookie::{self, Cookies},
    cookie_check::LoggedProblems,
    cookie_place::{CookieError, CookiePlace, CookieSettings, SameSite},
    dispatcher::{Dispatcher, HOOK_TIMEOUT, Hook, HookResult},
    forwarded::ProxyHeader,
    guardian::{Confirmation, Inner},
    housekeeping::{Housekeeper, Housekeeping},
    key_check::KeyCheck,
    keyring::Keyring,
    live::{Listener, Live},
    location::DescribeLocation,
    redirect::{RedirectPolicy, RefusedRedirect},
    registry::Registry,
    session_limit::{Overflow, SessionLimit},
    store::VisitorStore,
    writes::Writes,
};
use http::HeaderValue;
use ipnet::{IpNet, Ipv4Net};
use std::{
    fmt,
    future::Future,
    net::IpAddr,
    sync::{Arc, Once},
    time::{Duration, SystemTime},
};
use url::Url;

/// Two weeks without a request end a session (OWASP ASVS 5.0, 7.3.1).
const IDLE_TIMEOUT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// An hour without a request ends a session that is not remembered: it may be on somebody else's computer
/// ([NIST SP 800-63B-4, section 2.2.3](https://pages.nist.gov/800-63-4/sp800-63b.html#aal2reauth)).
const BROWSER_IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Ninety days end it in any case (7.3.2). Browsers keep cookies for at most 400 days.
const MAX_AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Ninety days are long enough to ask what happened to an account.
const EVENT_AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Configures a [`Guardian`]. `site_url` and `key` have no default.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::{Database, Guardian, SigningKey};
/// use std::time::Duration;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let database_url = format!("sqlite://{}", folder.path().join("app.db").display());
/// let guardian = Guardian::builder(Database::connect(&database_url).await?)
///     .site_url("https://example.com")
///     .key(SigningKey::generate())
///     .idle_timeout(Duration::from_secs(30 * 60))
///     .accounts_per_browser(5)
///     .after_sign_out_url("/bye")
///     .build()
///     .await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use]
pub struct Builder {
    database: Database,
    listener: Result<Listener, BuildError>,
    site_url: Option<String>,
    keys: Vec<SigningKey>,
    is_for_command: bool,
    cookie: CookieSettings,
    kept: Vec<String>,
    idle_timeout: Duration,
    browser_idle_timeout: Duration,
    max_age: Duration,
    accounts_per_browser: usize,
    session_limit: Option<SessionLimit>,
    confirmation: Option<(Duration, String)>,
    describe_location: DescribeLocation,
    trusted_proxies: Vec<String>,
    proxy_header: ProxyHeader,
    accepts_bearer_tokens: bool,
    cross_site_paths: Vec<String>,
    after_sign_out_url: String,
    sign_out_page: String,
    redirect_origins: Vec<String>,
    allowed_origins: Vec<String>,
    hook: Option<Hook>,
    hook_timeout: Duration,
    event_age: Duration,
    clock: Clock,
}

/// Why [`Builder::build`] failed.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::{BuildError, Database, Guardian};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
/// # let database = Database::connect(&url).await.unwrap();
/// let refused = Guardian::builder(database).site_url("https://example.com").build().await;
/// assert!(matches!(refused, Err(BuildError::Missing("key"))));
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting without a default is missing.
    #[error("the guardian needs a {0}")]
    Missing(&'static str),
    /// The site's URL, or an allowed origin, is not an http or https URL.
    #[error("{0:?} is not an http or https URL of a site")]
    NotASite(String),
    /// A trusted proxy is neither an address nor a network.
    #[error("{0:?} is not the address of a proxy, nor a network such as 10.0.0.0/8")]
    NotANetwork(String),
    /// One of the app's own pages is not on the site or an allowed origin.
    #[error("{page:?} cannot be redirected to")]
    Redirect {
        /// The setting's value.
        page: String,
        /// Why it was refused.
        source: RefusedRedirect,
    },
    /// With a limit of no sessions, nobody could sign in.
    #[error("sessions_per_user must allow at least one session")]
    SessionLimit,
    /// The settings of the cookie cannot work.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The listener's URL is not one of PostgreSQL.
    #[cfg(feature = "postgres")]
    #[error("the URL for the listener is not one of PostgreSQL")]
    ListenerUrl(#[source] sqlx::Error),
    /// The tables could not be created.
    #[error("cannot create the session tables")]
    Tables(#[from] sqlx::Error),
}

impl Builder {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            listener: Ok(Listener::default()),
            site_url: None,
            keys: Vec::new(),
            is_for_command: false,
            cookie: CookieSettings::default(),
            kept: Vec::new(),
            idle_timeout: IDLE_TIMEOUT,
            browser_idle_timeout: BROWSER_IDLE_TIMEOUT,
            max_age: MAX_AGE,
            accounts_per_browser: 1,
            session_limit: None,
            confirmation: None,
            describe_location: DescribeLocation::default(),
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            accepts_bearer_tokens: false,
            cross_site_paths: Vec::new(),
            after_sign_out_url: "/".into(),
            sign_out_page: "/sign-out".into(),
            redirect_origins: Vec::new(),
            allowed_origins: Vec::new(),
            hook: None,
            hook_timeout: HOOK_TIMEOUT,
            event_age: EVENT_AGE,
            clock: Clock::new(SystemTime::now),
        }
    }

    /// The URL of PostgreSQL itself, for a database URL that leads to a connection pooler. A pooler in
    /// transaction mode (PgBouncer) does not pass notifications on. Through this connection, one per
    /// server, PostgreSQL notifies of other servers' sign-outs at once. Without it, the table is polled
    /// twice a second while pages are open. SQLite needs none.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.listener_url("postgres://app@db.internal:5432/app")
    /// # }
    /// ```
    #[cfg(feature = "postgres")]
    pub fn listener_url(mut self, url: impl Into<String>) -> Self {
        let options = url.into().parse().map(Some);
        self.listener = options
            .map(|options| Listener { options })
            .map_err(BuildError::ListenerUrl);
        self
    }

    /// The site's address as browsers see it. The cookie's name and its `Secure`
    /// ([`Guardian::cookie_name`]), and what counts as our own origin, follow from it.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.site_url("https://example.com")
    /// # }
    /// ```
    pub fn site_url(mut self, url: impl Into<String>) -> Self {
        self.site_url = Some(url.into());
        self
    }

    /// The key that signs the cookie. With another key every session is anonymous: see
    /// [`keys`](Self::keys).
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, KeyError, SigningKey};
    /// # fn configure(builder: Builder, session_key: &str) -> Result<Builder, KeyError> {
    /// # Ok(
    /// builder.key(SigningKey::from_base64(session_key)?)
    /// # )
    /// # }
    /// ```
    pub fn key(self, key: SigningKey) -> Self {
        self.keys([key])
    }

    /// Several keys: the first one signs, and all are accepted. A cookie that another one has signed is
    /// signed again by the response, so a key can be replaced without signing anybody out:
    ///
    /// 1. Put the new key first and leave the old one behind it. Where several servers run, add the new
    ///    key to the end on all of them before.
    /// 2. Remove the old key after [`max_age`](Self::max_age). Until then somebody may come back with a
    ///    cookie that it has signed. If it has leaked, remove it at once: everybody signs in again.
    ///
    /// All servers of one database need the same keys. If one has others, the log says so at the start.
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, KeyError, SigningKey};
    /// # fn configure(builder: Builder, session_keys: &str) -> Result<Builder, KeyError> {
    /// # Ok(
    /// builder.keys(SigningKey::list_from_base64(session_keys)?)
    /// # )
    /// # }
    /// ```
    pub fn keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.keys = keys.into_iter().collect();
        self
    }

    /// For a process that serves no requests, such as a command in an administrator's shell. It reads no
    /// cookie, so it needs no key.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::{Database, Guardian}};
    /// # async fn end_all(database: Database) -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = Guardian::builder(database).site_url("https://example.com");
    /// let guardian = builder.for_command().build().await?;
    /// guardian.sign_out_everyone(Reason::Administrator).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_command(mut self) -> Self {
        self.is_for_command = true;
        self
    }

    /// The name of the session's cookie: `guardian` unless set. The library's other cookies begin with it.
    /// Over https it gets a prefix, and on a non-default port it ends with that port:
    /// [`Guardian::session_cookie_name`]. Give each app of a host its own name. Another name signs everybody
    /// out.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.cookie_name("shop")
    /// # }
    /// ```
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie.name = Some(name.into());
        self
    }

    /// Shares the session with the subdomains of a domain: the site's own host or a parent of it, such as
    /// `example.com` for `https://app.example.com`. Servers on several of its hosts that have one database,
    /// one key and one cookie name then know the same users, and a sign-out on one host holds on all.
    ///
    /// The risk: **every** host of the domain gets the token of every visitor, and can set a cookie in its
    /// place. Whoever controls one of them, also a forgotten one, can act as the users. So the name has
    /// `__Secure-` instead of `__Host-`. Share it only if you trust them all. To let pages of other
    /// subdomains show who is signed in and sign out, [`allow_origin`](Self::allow_origin) is enough, and
    /// gives them no token.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.site_url("https://app.example.com").cookie_domain("example.com")
    /// # }
    /// ```
    pub fn cookie_domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie.domain = Some(domain.into());
        self
    }

    /// The path below which browsers send the cookie: `/` unless set. A path is no protection: pages of one
    /// host can read each other. Two apps on one host need [two names](Self::cookie_name).
    ///
    /// The components, the page's script and [`api`](crate::api) need the cookie at `/api/` and `/guardian/`.
    /// With another path these say that nothing is set up, so it is for apps that call
    /// [`Auth`](super::Auth) in their own handlers.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.cookie_path("/shop")
    /// # }
    /// ```
    pub fn cookie_path(mut self, path: impl Into<String>) -> Self {
        self.cookie.path = Some(path.into());
        self
    }

    /// Which requests from other sites bring the cookie: [`SameSite::Lax`] unless set, so that a link in a
    /// mail finds the user signed in.
    ///
    /// - [`SameSite::Strict`]: whoever follows a link from another site arrives as a visitor. The page's script
    ///   then shows them signed in; without JavaScript, the next click does. An identity provider's redirect
    ///   back also arrives without the cookie.
    /// - [`SameSite::None`]: for an app in a frame on another site. Needs https. The cookie is `Partitioned`:
    ///   a user signs in once for each site that has the frame, and browsers that block third-party cookies
    ///   keep it. Requests that change state are still refused from other sites.
    ///
    /// ```
    /// use leptos_guardian::server::SameSite;
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.same_site(SameSite::Strict)
    /// # }
    /// ```
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.cookie.same_site = same_site;
        self
    }

    /// How long a session lives without a request: 14 days unless set.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.idle_timeout(Duration::from_secs(30 * 60))
    /// # }
    /// ```
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How long a session lives without a request if it ends with the browser
    /// ([`Remember::Browser`](super::Remember::Browser)): an hour unless set, and never longer than
    /// [`idle_timeout`](Self::idle_timeout).
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.browser_idle_timeout(Duration::from_secs(15 * 60))
    /// # }
    /// ```
    pub fn browser_idle_timeout(mut self, timeout: Duration) -> Self {
        self.browser_idle_timeout = timeout;
        self
    }

    /// How long a session lives at most: 90 days unless set.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.max_age(Duration::from_secs(24 * 60 * 60))
    /// # }
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// How many accounts one browser may be signed in to at once: 1 unless set. Then a sign-in replaces
    /// the previous user. With more, it adds an account.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.accounts_per_browser(5)
    /// # }
    /// ```
    pub fn accounts_per_browser(mut self, accounts: usize) -> Self {
        self.accounts_per_browser = accounts.max(1);
        self
    }

    /// How many sessions a user may have at once, on all browsers together: any number unless set. A
    /// sign-in that replaces the user's session on its browser needs no room for another. Expired sessions
    /// do not count. All servers of one database should have the same limit.
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, Overflow};
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.sessions_per_user(3, Overflow::EndOldest)
    /// # }
    /// ```
    pub fn sessions_per_user(mut self, limit: usize, overflow: Overflow) -> Self {
        self.session_limit = Some(SessionLimit {
            sessions: limit,
            overflow,
        });
        self
    }

    /// Asks for a recent proof of identity before [`/api/sign_out`](crate::api::post_sign_out), and with it
    /// every sign-out button, ends the user's sessions on other browsers (OWASP ASVS 5.0, 7.5.2): nothing is
    /// asked unless set. If the last proof is older than `max_age`, a form leads to `page`, a page of the app
    /// that checks a factor and calls [`Auth::confirm`](super::Auth::confirm). Its `callback_url` is the
    /// page of the form. Other requests get
    /// [`SignOutError::ConfirmationRequired`](crate::SignOutError::ConfirmationRequired). A sign-out of this
    /// browser never asks.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.confirm_to_end_others(Duration::from_secs(10 * 60), "/confirm")
    /// # }
    /// ```
    pub fn confirm_to_end_others(mut self, max_age: Duration, page: impl Into<String>) -> Self {
        self.confirmation = Some((max_age, page.into()));
        self
    }

    /// Keeps a value of the visitor's data (tower-sessions' `Session`) through a sign-out, because it is the
    /// visitor's and not the user's: a cart, a language. All other data goes. Whoever uses the browser next
    /// sees the value, and so does the next user who signs in there. Call it for each key.
    ///
    /// The browser gets a new token with it, whoever ended the session. While other accounts are signed in on
    /// the browser, the value waits.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.keep_visitor_data("cart").keep_visitor_data("language")
    /// # }
    /// ```
    pub fn keep_visitor_data(mut self, key: impl Into<String>) -> Self {
        self.kept.push(key.into());
        self
    }

    /// Trusts a proxy, an address (`192.0.2.1`) or a network (`10.0.0.0/8`), to name the client in
    /// `X-Forwarded-For`. Without any, a request's address is its connection's.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.trust_proxy("10.0.0.0/8").trust_proxy("192.0.2.1")
    /// # }
    /// ```
    pub fn trust_proxy(mut self, network: impl Into<String>) -> Self {
        self.trusted_proxies.push(network.into());
        self
    }

    /// The header in which the trusted proxies name the client: `X-Forwarded-For` unless set. The other one
    /// is ignored, because a client could send it.
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, ProxyHeader};
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.trust_proxy("10.0.0.0/8").proxy_header(ProxyHeader::Forwarded)
    /// # }
    /// ```
    pub fn proxy_header(mut self, header: ProxyHeader) -> Self {
        self.proxy_header = header;
        self
    }

    /// Accepts requests from other sites at exactly this path, such as the form that a sign-in provider posts
    /// (`response_mode=form_post`, as Sign in with Apple uses it). Browsers send it without this site's
    /// `SameSite=Lax` cookies, so nobody is signed in there, and what the handler puts into the `Session` is lost.
    /// Redirect to a path of your own, where the cookies are there again, and sign in there. The route must have a
    /// check of its own: for a provider, the `state` and the signature of the ID token.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.accept_cross_site("/auth/apple/callback")
    /// # }
    /// ```
    pub fn accept_cross_site(mut self, path: impl Into<String>) -> Self {
        self.cross_site_paths.push(path.into());
        self
    }

    /// Lets apps and scripts sign in without cookies. Whoever asks for a token at the sign-in
    /// ([`Identity::app`](crate::server::Identity::app)) gets one instead of the cookie, and sends it as
    /// `Authorization: Bearer TOKEN`. No other request is treated differently. Off unless set.
    ///
    /// The cross-site check lets a request with such a token through, because no browser sends one by itself. It
    /// is refused if it also has the cookie, or if the token is in its URL, where logs keep it.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.accept_bearer_tokens()
    /// # }
    /// ```
    pub fn accept_bearer_tokens(mut self) -> Self {
        self.accepts_bearer_tokens = true;
        self
    }

    /// Describes where a user signs in, such as `Berlin, Germany`, for the list of sessions: it helps people to
    /// recognise their own. The app's function gets the network address once, at the sign-in, and the text is
    /// stored with the session (100 characters at most). Nothing describes an address unless this is set.
    ///
    /// A sign-in waits for it for a second, and goes on without it after that, or after a panic. Work that
    /// blocks a thread belongs into `tokio::task::spawn_blocking`. Prefer a database on the server: a service
    /// elsewhere would learn who signs in from where.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # struct Cities;
    /// # impl Cities { fn find(&self, ip: std::net::IpAddr) -> Option<String> { None } }
    /// # fn configure(builder: Builder, cities: Cities) -> Builder {
    /// let cities = std::sync::Arc::new(cities);
    /// builder.describe_location(move |ip| {
    ///     let cities = cities.clone();
    ///     async move { cities.find(ip) }
    /// })
    /// # }
    /// ```
    pub fn describe_location<F, Run>(mut self, describe: F) -> Self
    where
        F: Fn(IpAddr) -> Run + Send + Sync + 'static,
        Run: Future<Output = Option<String>> + Send + 'static,
    {
        self.describe_location = DescribeLocation::new(describe);
        self
    }

    /// Where a browser goes after a sign-out that names no (allowed) callback URL: `/`
    /// unless set.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.after_sign_out_url("/bye")
    /// # }
    /// ```
    pub fn after_sign_out_url(mut self, url: impl Into<String>) -> Self {
        self.after_sign_out_url = url.into();
        self
    }

    /// The page with the [`SignOut`](crate::SignOut) panel, which tells a browser without JavaScript that
    /// a sign-out failed: `/sign-out` unless set.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.sign_out_page("/account/sign-out")
    /// # }
    /// ```
    pub fn sign_out_page(mut self, path: impl Into<String>) -> Self {
        self.sign_out_page = path.into();
        self
    }

    /// Allows redirects to another origin, such as `https://docs.example.com`.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.allow_redirect_origin("https://docs.example.com")
    /// # }
    /// ```
    pub fn allow_redirect_origin(mut self, origin: impl Into<String>) -> Self {
        self.redirect_origins.push(origin.into());
        self
    }

    /// Lets the pages of another origin, such as `https://www.example.com`, show the components, follow the
    /// session and sign out. A sign-out there may also lead to this origin.
    ///
    /// Browsers send the session's cookie only from the same site: `www.example.com` and
    /// `app.example.com` are one, with one scheme, and `example.org` is another
    /// ([MDN](https://developer.mozilla.org/en-US/docs/Glossary/Site)). Allow only an origin that you trust:
    /// its pages may read the user's name and sessions, and sign the user out. The app's own routes stay
    /// closed to them.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.allow_origin("https://www.example.com")
    /// # }
    /// ```
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.allowed_origins.push(origin.into());
        self
    }

    /// Runs after every sign-out that ended a session: after the commit, at least once, off the request's
    /// path, on one server at a time, and for each user in the order of their sign-outs. It runs again
    /// after a failure, a panic or a [timeout](Self::hook_timeout), after growing pauses, 20 times in
    /// eight hours. Then the event is given up, and the log and `guardian_event.given_up_at` say so.
    /// De-duplicate by the event's id: a hook may get an event twice if its server is killed, or has a
    /// clock that is half a minute wrong.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.after_sign_out(|event| async move {
    ///     println!("{}: {}", event.user_id, event.reason);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn after_sign_out<F, Run>(mut self, hook: F) -> Self
    where
        F: Fn(SignOutEvent) -> Run + Send + Sync + 'static,
        Run: Future<Output = HookResult> + Send + 'static,
    {
        self.hook = Some(Arc::new(move |event| Box::pin(hook(event))));
        self
    }

    /// The time limit of one run of `after_sign_out`: 30 s unless set.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.hook_timeout(Duration::from_secs(5))
    /// # }
    /// ```
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.hook_timeout = timeout;
        self
    }

    /// How long sign-outs stay in `guardian_event`, the audit trail: 90 days unless set. If there is a hook,
    /// events that it has yet to get stay longer. So either all servers of one database have a hook, or
    /// none.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::Duration;
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.keep_events(Duration::from_secs(365 * 24 * 60 * 60))
    /// # }
    /// ```
    pub fn keep_events(mut self, age: Duration) -> Self {
        self.event_age = age;
        self
    }

    /// Takes the time from this function, for tests.
    ///
    /// ```
    /// # use leptos_guardian::server::Builder;
    /// # use std::time::{Duration, SystemTime};
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.clock(|| SystemTime::now() + Duration::from_secs(24 * 60 * 60))
    /// # }
    /// ```
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Checks the settings, creates missing tables, and starts to deliver events that an earlier run left
    /// behind. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// When a setting is missing or invalid, or the tables cannot be created.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use leptos_guardian::server::{Database, Guardian, SigningKey};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}", folder.path().join("app.db").display());
    /// # let database = Database::connect(&url).await?;
    /// let builder = Guardian::builder(database)
    ///     .site_url("https://example.com")
    ///     .key(SigningKey::generate());
    /// let guardian = builder.build().await?;
    /// assert!(guardian.is_secure());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn build(self) -> Result<Guardian, BuildError> {
        let site = site(
            self.site_url
                .as_deref()
                .ok_or(BuildError::Missing("site_url"))?,
        )?;
        if self.session_limit.is_some_and(|limit| limit.sessions == 0) {
            return Err(BuildError::SessionLimit);
        }
        let mut keys = self.keys;
        if self.is_for_command {
            keys = vec![SigningKey::generate()];
        }
        let keyring = Keyring::new(keys).ok_or(BuildError::Missing("key"))?;
        let fingerprints = keyring.fingerprints();
        let place = CookiePlace::of(&site, &self.cookie, &cookie::OTHERS)?;
        let cookies = Cookies::new(keyring, &site, place);
        let mut redirects = RedirectPolicy::new(site);
        for origin in &self.redirect_origins {
            redirects.allow(&self::site(origin)?);
        }
        let mut allowed_origins = Vec::new();
        for origin in &self.allowed_origins {
            let url = self::site(origin)?;
            redirects.allow(&url);
            let header = HeaderValue::try_from(url.origin().ascii_serialization());
            allowed_origins.push(header.map_err(|_| BuildError::NotASite(origin.clone()))?);
        }
        let own_page = |page: &str| {
            redirects
                .check(page)
                .map_err(|source| BuildError::Redirect {
                    page: page.to_owned(),
                    source,
                })
        };
        let after_sign_out_url = own_page(&self.after_sign_out_url)?;
        let sign_out_page = own_page(&self.sign_out_page)?;
        let confirmation = self.confirmation.map(|(max_age, page)| {
            let page = own_page(&page)?;
            Ok::<_, BuildError>(Confirmation { max_age, page })
        });
        let confirmation = confirmation.transpose()?;

        let trusted = self.trusted_proxies.iter().map(|net| network(net));
        let proxies = Proxies {
            trusted: trusted.collect::<Result<_, _>>()?,
            header: self.proxy_header,
        };

        let listener = self.listener?;

        let writes = Writes::new(&self.database, self.session_limit);
        let registry = Registry::new(self.database, self.kept).await?;
        let store = VisitorStore::new(registry.clone()).await?;
        let key_check = (!self.is_for_command)
            .then(|| KeyCheck::new(registry.clone(), self.clock.clone(), fingerprints));
        if let Some(key_check) = &key_check {
            key_check.run().await;
        }
        let housekeeper = Housekeeper::start(Housekeeping {
            registry: registry.clone(),
            clock: self.clock.clone(),
            event_age: self.event_age,
            has_hook: self.hook.is_some(),
            key_check,
        });
        let dispatcher = self.hook.map(|hook| {
            Dispatcher::start(
                registry.clone(),
                self.clock.clone(),
                hook,
                self.hook_timeout,
            )
        });
        let live = Live::start(registry.clone(), self.clock.clone(), listener);
        Ok(Guardian(Arc::new(Inner {
            registry,
            store,
            cookies,
            redirects,
            allowed_origins,
            after_sign_out_url,
            sign_out_page,
            idle_timeout: self.idle_timeout,
            browser_idle_timeout: self.browser_idle_timeout,
            max_age: self.max_age,
            accounts_per_browser: self.accounts_per_browser,
            session_limit: self.session_limit,
            confirmation,
            describe_location: self.describe_location,
            proxies,
            accepts_bearer_tokens: self.accepts_bearer_tokens,
            cross_site_paths: self.cross_site_paths.into(),
            address_warning: Once::new(),
            logged_problems: LoggedProblems::default(),
            clock: self.clock,
            dispatcher,
            housekeeper,
            live,
            writes,
        })))
    }
}

impl fmt::Debug for Builder {
    /// Without the URLs of databases, which may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("site_url", &self.site_url)
            .finish_non_exhaustive()
    }
}

/// Reads an address or a network. An IPv4 one may be written as IPv6, as a socket for both shows it:
/// `::ffff:10.0.0.1`.
fn network(text: &str) -> Result<IpNet, BuildError> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let net = text
        .parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| BuildError::NotANetwork(text.to_owned()))?;
    let as_v4 = match (net, net.addr().to_canonical()) {
        (IpNet::V6(net), IpAddr::V4(address)) => net
            .prefix_len()
            .checked_sub(MAPPED_PREFIX)
            .and_then(|prefix| Ipv4Net::new(address, prefix).ok()),
        _ => None,
    };
    Ok(as_v4.map_or(net, IpNet::from))
}

/// How many bits of an IPv6 address are before the IPv4 address that it stands for (RFC 4291, 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// Reads the URL of a site: http or https, with a host and no credentials.
fn site(text: &str) -> Result<Url, BuildError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
        .ok_or_else(|| BuildError::NotASite(text.to_owned()))
}
