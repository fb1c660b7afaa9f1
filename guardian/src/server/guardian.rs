//! What the app holds: one [`Guardian`] for the whole server.

use super::{
    builder::Builder,
    clock::Clock,
    cookie::Cookies,
    database::Database,
    dispatcher::Dispatcher,
    redirect::{RedirectPolicy, SafeRedirect},
    registry::{Ending, Registry},
    store::BrowserStore,
};
use crate::{Profile, Reason, SessionHandle};
use axum::Router;
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
    pub(crate) store: Arc<BrowserStore>,
    pub(crate) cookies: Cookies,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) after_sign_out_url: SafeRedirect,
    pub(crate) sign_out_page: SafeRedirect,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_age: Duration,
    pub(crate) clock: Clock,
    pub(crate) dispatcher: Option<Dispatcher>,
}

impl Guardian {
    /// Starts the configuration of a guardian that keeps its sessions in `database`.
    pub fn builder(database: Database) -> Builder {
        Builder::new(database)
    }

    /// Puts every layer around a router, in the right order: the cross-site check, then the
    /// session. Adds the components' stylesheet as a route.
    ///
    /// Routes added afterwards are not protected; static files are better served from there.
    pub fn protect(&self, router: Router) -> Router {
        super::protect::protect(self, router)
    }

    /// Where this site may send a browser.
    pub fn redirects(&self) -> &RedirectPolicy {
        &self.0.redirects
    }

    /// Whether browsers reach this site over https, so that its cookies are `Secure`.
    pub fn is_secure(&self) -> bool {
        self.0.cookies.are_secure()
    }

    /// Ends all sessions of a user, from anywhere on the server. Answers what ended.
    ///
    /// # Errors
    ///
    /// When the database fails; then nothing has ended.
    pub async fn sign_out_user(
        &self,
        user_id: &str,
        reason: Reason,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        self.end(Ending::User(user_id), reason).await
    }

    /// Shows a new profile in all of a user's sessions, from the next request on.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn update_profile(
        &self,
        user_id: &str,
        profile: &Profile,
    ) -> Result<(), sqlx::Error> {
        self.0.registry.update_profile(user_id, profile).await
    }

    /// What the app keeps for a visitor, under the id of their token.
    pub(crate) fn visitor_data(&self, id: Option<Id>) -> Session {
        let max_age = time::Duration::try_from(self.0.max_age).unwrap_or(time::Duration::MAX);
        let expiry = Some(Expiry::OnInactivity(max_age));
        Session::new(id, self.0.store.clone(), expiry)
    }

    /// Ends sessions, then tells those who must know. Every sign-out passes through here.
    pub(crate) async fn end(
        &self,
        ending: Ending<'_>,
        reason: Reason,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        let ended = self
            .0
            .registry
            .end(ending, reason, self.0.clock.now())
            .await?;
        if !ended.is_empty() {
            tracing::info!(
                sessions = ended.len(),
                reason = reason.as_str(),
                "signed out"
            );
            self.announce();
        }
        Ok(ended)
    }

    /// Says that sessions have ended and the commit is done.
    pub(crate) fn announce(&self) {
        if let Some(dispatcher) = &self.0.dispatcher {
            dispatcher.wake();
        }
    }
}
