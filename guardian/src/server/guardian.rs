//! What the app holds: one [`Guardian`] for the whole server.

use super::{
    builder::Builder,
    clock::Clock,
    cookie::Cookies,
    database::Database,
    dispatcher::Dispatcher,
    event::{Cause, SignOutEvent},
    housekeeping::Housekeeper,
    live::Live,
    redirect::{RedirectPolicy, SafeRedirect},
    registry::{Condition, Ending, Registry, WritePermit},
    store::BrowserStore,
};
use crate::{Profile, SessionHandle, SignOutScope};
use axum::Router;
use ipnet::IpNet;
use std::{sync::Arc, time::Duration};
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
    pub(crate) store: BrowserStore,
    pub(crate) cookies: Cookies,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) after_sign_out_url: SafeRedirect,
    pub(crate) sign_out_page: SafeRedirect,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_age: Duration,
    pub(crate) accounts_per_browser: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) clock: Clock,
    pub(crate) dispatcher: Option<Dispatcher>,
    pub(crate) housekeeper: Housekeeper,
    pub(crate) live: Live,
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

    /// Puts every layer around a router, in the right order: the check of the request's target
    /// ([`is_origin_form`](super::is_origin_form)), the cross-site check, then the session, which
    /// also tells caches what differs by visitor. Adds the components' stylesheet as a route.
    ///
    /// Routes added afterwards are not protected; static files are better served from there.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian) -> Router {
    /// let app = Router::new().route("/", get(|| async { "Hello" }));
    /// guardian.protect(app).route("/health", get(|| async { "well" }))
    /// # }
    /// ```
    pub fn protect(&self, router: Router) -> Router {
        super::protect::protect(self, router)
    }

    /// Where this site may send a browser.
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

    /// The name under which browsers keep a cookie of this site. Over https it begins with
    /// `__Host-`, which needs `Secure`, `Path=/` and no `Domain`; and a site that is on a port of
    /// its own has it in the name, for browsers send cookies to all ports of a host. Read it with
    /// [`cookie_values`](crate::server::cookie_values).
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
        self.0.cookies.name(name)
    }

    /// The name of the cookie that holds the browser's token, for an app's tests and scripts.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # fn example(guardian: &Guardian, token: &str) -> String {
    /// // `session` on http://example.com
    /// format!("{}={token}", guardian.session_cookie_name())
    /// # }
    /// ```
    pub fn session_cookie_name(&self) -> String {
        self.0.cookies.session_name()
    }

    /// Ends all sessions of a user, from anywhere on the server. Answers what ended.
    ///
    /// # Errors
    ///
    /// When the database fails; then nothing has ended.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let ended = guardian.sign_out_user("ada", Reason::Administrator).await?;
    /// println!("{} sessions ended", ended.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_user(
        &self,
        user_id: &str,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        let mut transaction = self.begin().await?;
        let ended = transaction.sign_out_user(user_id, cause).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Ends one session, whosever it is. Answers whether it was still there.
    ///
    /// # Errors
    ///
    /// When the database fails; then nothing has ended.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, SessionHandle, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let session = SessionHandle::from("mgvEcr0");
    /// if !guardian.sign_out_session(&session, Reason::Administrator).await? {
    ///     println!("It had ended already.");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_session(
        &self,
        session: &SessionHandle,
        cause: impl Into<Cause>,
    ) -> Result<bool, sqlx::Error> {
        let one = vec![Condition::Session(session.clone())];
        let ending = Ending::new(SignOutScope::Local, one);
        let (ended, _) = self.end(&ending, &cause.into()).await?;
        Ok(!ended.is_empty())
    }

    /// Ends every session of every user, the caller's too, and perhaps some of those that begin
    /// while it works. Answers how many ended.
    ///
    /// It works in steps, so that other requests get their turn at the database in between.
    ///
    /// # Errors
    ///
    /// When the database fails; then some sessions may have ended. Call it again.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::{Cause, Guardian}};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let cause = Cause::from(Reason::Administrator).with_note("a backup was stolen");
    /// println!("{} sessions ended", guardian.sign_out_everyone(cause).await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_everyone(&self, cause: impl Into<Cause>) -> Result<usize, sqlx::Error> {
        let cause = cause.into();
        let mut after = String::new();
        let mut total = 0;
        loop {
            // By handle and not by date: a clock that was wrong must spare nobody.
            let until = self.0.registry.step_after(&after).await?;
            let step = Condition::Handles {
                after,
                until: until.clone(),
            };
            let step = Ending::new(SignOutScope::Global, vec![step]);
            total += self.end(&step, &cause).await?.0.len();
            match until {
                Some(last) => after = last,
                None => return Ok(total),
            }
        }
    }

    /// Ends the streams of all open pages, and whatever else waits for a sign-out. Call it when
    /// the server is told to stop, which waits for its connections; pages come back to the next
    /// one by themselves.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # use tokio::{net::TcpListener, sync::oneshot::Receiver};
    /// # async fn example(
    /// #     guardian: Guardian,
    /// #     router: axum::Router,
    /// #     listener: TcpListener,
    /// #     told_to_stop: Receiver<()>,
    /// # ) -> std::io::Result<()> {
    /// let stop = async move {
    ///     let _ = told_to_stop.await;
    ///     guardian.close_streams();
    /// };
    /// axum::serve(listener, router).with_graceful_shutdown(stop).await
    /// # }
    /// ```
    pub fn close_streams(&self) {
        self.0.live.close();
    }

    /// Waits for the runs of `after_sign_out` that have begun, and begins no more. Call it last,
    /// when no more requests come: what is left is told by the other servers or the next start,
    /// at once and not only when they can be sure that this one is gone.
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
    }

    /// Shows a new profile in all of a user's sessions, from the next request on.
    ///
    /// # Errors
    ///
    /// When the database fails.
    ///
    /// ```
    /// # use leptos_guardian::{Profile, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let profile = Profile { name: "Ada King".into(), ..Default::default() };
    /// guardian.update_profile("ada", &profile).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_profile(
        &self,
        user_id: &str,
        profile: &Profile,
    ) -> Result<(), sqlx::Error> {
        self.0.registry.update_profile(user_id, profile).await
    }

    /// Waits for leave to write, for single statements of the app that write. SQLite has one writer
    /// at a time; statements of one server that queue for it are neither overtaken nor refused as
    /// "database is locked". [`begin`](Self::begin) has a permit of its own: do not hold another one
    /// meanwhile. PostgreSQL has many writers, and nobody waits.
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

    /// How many wait for leave to write to SQLite. For tests, which could otherwise only hope that a
    /// request waits: no other place shows it.
    #[doc(hidden)]
    pub fn waiting_to_write(&self) -> usize {
        self.0.registry.waiting_to_write()
    }

    /// What the app keeps for a visitor, under its id.
    pub(crate) fn visitor_data(&self, id: Option<Id>, store: &Arc<BrowserStore>) -> Session {
        let max_age = time::Duration::try_from(self.0.max_age).unwrap_or(time::Duration::MAX);
        let expiry = Some(Expiry::OnInactivity(max_age));
        Session::new(id, Arc::<BrowserStore>::clone(store), expiry)
    }

    /// Ends sessions. Answers what ended, and the ids of the events.
    pub(crate) async fn end(
        &self,
        ending: &Ending,
        cause: &Cause,
    ) -> Result<(Vec<SessionHandle>, Vec<String>), sqlx::Error> {
        // Nobody to sign out: that needs no database, and cannot fail.
        if ending.conditions.is_empty() {
            return Ok(Default::default());
        }
        let mut transaction = self.begin().await?;
        let ended = transaction.end(ending, cause).await?;
        let events = transaction.event_ids();
        transaction.commit().await?;
        Ok((ended, events))
    }

    /// Tells of sessions that have ended, after the commit.
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
