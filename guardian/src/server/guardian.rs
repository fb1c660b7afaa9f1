//! The [`Guardian`]: the app creates one for the whole server.

use super::{
    builder::Builder,
    client_info::Proxies,
    clock::Clock,
    cookie::Cookies,
    cookie_check::LoggedProblems,
    database::Database,
    dispatcher::Dispatcher,
    event::SignOutEvent,
    housekeeping::Housekeeper,
    live::Live,
    location::DescribeLocation,
    redirect::{RedirectPolicy, SafeRedirect},
    registry::{Registry, WritePermit},
    session_limit::SessionLimit,
    store::VisitorStore,
    writes::Writes,
};
use http::HeaderValue;
use std::{
    sync::{Arc, Once},
    time::Duration,
};
use tower_sessions::{Expiry, Session, session::Id};

/// Sessions and signing out for one site. Cheap to clone.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::server::{Database, Guardian, SigningKey};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let database_url = format!("sqlite://{}", folder.path().join("app.db").display());
/// let guardian = Guardian::builder(Database::connect(&database_url).await?)
///     .site_url("http://127.0.0.1:3000")
///     .key(SigningKey::generate())
///     .build()
///     .await?;
/// let router = guardian.protect(axum::Router::new());
/// # drop::<axum::Router>(router);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Guardian(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) registry: Registry,
    pub(crate) store: VisitorStore,
    pub(crate) cookies: Cookies,
    pub(crate) redirects: RedirectPolicy,
    /// The origins whose pages may use the library's routes, as in the header `Origin`.
    pub(crate) allowed_origins: Vec<HeaderValue>,
    pub(crate) after_sign_out_url: SafeRedirect,
    pub(crate) sign_out_page: SafeRedirect,
    pub(crate) idle_timeout: Duration,
    pub(crate) browser_idle_timeout: Duration,
    pub(crate) max_age: Duration,
    pub(crate) accounts_per_browser: usize,
    pub(crate) session_limit: Option<SessionLimit>,
    /// What a sign-out on other browsers needs.
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) proxies: Proxies,
    /// Whether apps may sign in without cookies.
    pub(crate) accepts_bearer_tokens: bool,
    /// The paths that accept requests from other sites.
    pub(crate) cross_site_paths: Arc<[String]>,
    /// Said once: the router does not know its clients' addresses.
    pub(crate) address_warning: Once,
    pub(crate) logged_problems: LoggedProblems,
    pub(crate) describe_location: DescribeLocation,
    pub(crate) clock: Clock,
    pub(crate) dispatcher: Option<Dispatcher>,
    pub(crate) housekeeper: Housekeeper,
    pub(crate) live: Live,
    pub(crate) writes: Writes,
}

/// A recent proof of identity.
#[derive(Debug)]
pub(crate) struct Confirmation {
    /// The most time since the last one.
    pub(crate) max_age: Duration,
    /// The page where the user gives another one.
    pub(crate) page: SafeRedirect,
}

impl Guardian {
    /// Starts the configuration of a guardian that keeps its sessions in `database`.
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, Database, Guardian, SigningKey};
    /// # fn configure(database: Database) -> Builder {
    /// Guardian::builder(database)
    ///     .site_url("https://example.com")
    ///     .key(SigningKey::generate())
    /// # }
    /// ```
    pub fn builder(database: Database) -> Builder {
        Builder::new(database)
    }

    /// The policy that says where this site may send a browser.
    ///
    /// ```
    /// # use leptos_guardian::server::{Guardian, RefusedRedirect};
    /// # fn example(guardian: &Guardian) -> Result<(), RefusedRedirect> {
    /// let page = guardian.redirects().check("/account?tab=1")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn redirects(&self) -> &RedirectPolicy {
        &self.0.redirects
    }

    /// Whether browsers reach this site over https, so that its cookies are `Secure`.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # fn example(guardian: &Guardian) -> String {
    /// let secure = if guardian.is_secure() { "; Secure" } else { "" };
    /// format!("theme=dark; Path=/; SameSite=Lax{secure}")
    /// # }
    /// ```
    pub fn is_secure(&self) -> bool {
        self.0.cookies.are_secure()
    }

    /// The full name of a cookie of this site. Over https it begins with `__Host-`, which requires
    /// `Secure`, `Path=/` and no `Domain`. A port other than the scheme's own ends it, because
    /// browsers send cookies to all ports of a host. Read the cookie with
    /// [`cookie_values`](crate::server::cookie_values).
    ///
    /// # Panics
    ///
    /// When the library has a cookie of this name: the two would overwrite each other.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # fn example(guardian: &Guardian) -> String {
    /// let theme = guardian.cookie_name("theme"); // `__Host-theme-8443` on https://example.com:8443
    /// let secure = if guardian.is_secure() { "; Secure" } else { "" };
    /// format!("{theme}=dark; Path=/; SameSite=Lax{secure}")
    /// # }
    /// ```
    pub fn cookie_name(&self, name: &str) -> String {
        let full = self.0.cookies.app_name(name);
        full.unwrap_or_else(|| {
            panic!("the library's own cookie has the name {name:?}; choose another one")
        })
    }

    /// The name of the cookie that holds the browser's token, for an app's tests and scripts.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # fn example(guardian: &Guardian, token: &str) -> String {
    /// // `guardian` on http://example.com
    /// format!("{}={token}", guardian.session_cookie_name())
    /// # }
    /// ```
    pub fn session_cookie_name(&self) -> String {
        self.0.cookies.session_name().to_owned()
    }

    /// Ends the streams of all open pages, and everything else that waits for a sign-out. Call it when
    /// the server shuts down, because a shutdown waits for open connections. Pages reconnect to the next
    /// server by themselves.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # use tokio::{net::TcpListener, sync::oneshot::Receiver};
    /// # async fn example(
    /// #     guardian: Guardian,
    /// #     router: axum::Router,
    /// #     listener: TcpListener,
    /// #     stop_signal: Receiver<()>,
    /// # ) -> std::io::Result<()> {
    /// let stop = async move {
    ///     let _ = stop_signal.await;
    ///     guardian.close_streams();
    /// };
    /// axum::serve(listener, router).with_graceful_shutdown(stop).await
    /// # }
    /// ```
    pub fn close_streams(&self) {
        self.0.live.close();
    }

    /// Waits for the running `after_sign_out` hooks, starts no more, and records in the database that this
    /// server has stopped. Call it last, when no more requests come. Another server or the next start then delivers the remaining events at once, instead
    /// of waiting until this server's claims time out.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # use std::time::Duration;
    /// # async fn example(guardian: &Guardian) {
    /// if tokio::time::timeout(Duration::from_secs(10), guardian.finish_hooks()).await.is_err() {
    ///     println!("A hook is still running; it will be run again.");
    /// }
    /// # }
    /// ```
    pub async fn finish_hooks(&self) {
        if let Some(dispatcher) = &self.0.dispatcher {
            dispatcher.finish().await;
        }
        if let Some(key_check) = &self.0.housekeeper.work.key_check {
            key_check.leave().await;
        }
    }

    /// Waits for permission to write, for single statements of the app. SQLite has one writer at a time.
    /// With a permit, a statement waits in line with the library's own writes. It is not overtaken, and
    /// not refused as "database is locked". [`begin`](Self::begin) acquires a permit itself: do not hold
    /// another one meanwhile. On PostgreSQL nobody waits.
    ///
    /// ```
    /// use leptos_guardian::{server::{Database, Guardian}, with_pool};
    ///
    /// async fn count_visit(guardian: &Guardian, database: &Database) -> Result<(), sqlx::Error> {
    ///     let _permit = guardian.acquire_write().await;
    ///     with_pool!(database, pool => {
    ///         sqlx::query("update visits set count = count + 1").execute(pool).await.map(drop)
    ///     })
    /// }
    /// ```
    pub async fn acquire_write(&self) -> WritePermit {
        self.0.registry.acquire_write().await
    }

    /// How many tasks wait for permission to write to SQLite. For tests: nothing else shows that a
    /// request waits.
    #[doc(hidden)]
    pub fn waiting_to_write(&self) -> usize {
        self.0.registry.waiting_to_write() + self.0.writes.waiting()
    }

    /// The app's data for a visitor.
    pub(crate) fn visitor_data(&self, id: Option<Id>, store: &Arc<VisitorStore>) -> Session {
        let max_age = time::Duration::try_from(self.0.max_age).unwrap_or(time::Duration::MAX);
        let expiry = Some(Expiry::OnInactivity(max_age));
        Session::new(id, Arc::<VisitorStore>::clone(store), expiry)
    }

    /// Logs sign-outs, and notifies open pages and the hook. Call it after the commit.
    pub(crate) fn announce(&self, events: Vec<SignOutEvent>) {
        for event in events {
            tracing::info!(
                event = event.id,
                sessions = event.ended.len(),
                reason = event.reason.as_str(),
                "signed out"
            );
            self.0.live.publish(event);
        }
        if let Some(dispatcher) = &self.0.dispatcher {
            dispatcher.wake();
        }
    }
}
