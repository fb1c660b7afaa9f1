//! Where a user is signed in.

use super::{Auth, unavailable};
use crate::{
    AuthError, SessionHandle, SessionInfo,
    server::{Guardian, user_agent},
};

impl Auth {
    /// Where the signed-in user is signed in: this session first, then by last use.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the
    /// database fails.
    ///
    /// ```
    /// use axum::{Json, http::StatusCode};
    /// use leptos_guardian::{SessionInfo, server::Auth};
    ///
    /// async fn list(auth: Auth) -> Result<Json<Vec<SessionInfo>>, StatusCode> {
    ///     auth.sessions().await.map(Json).map_err(|_| StatusCode::UNAUTHORIZED)
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(list);
    /// ```
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, AuthError> {
        let user = self.require_user()?;
        self.guardian()
            .list_sessions(&user.id, Some(&user.session))
            .await
            .map_err(unavailable("the sessions could not be listed"))
    }
}

impl Guardian {
    /// Where a user is signed in, by last use. For administrators.
    ///
    /// # Errors
    ///
    /// When the database fails.
    ///
    /// ```
    /// # use leptos_guardian::server::Guardian;
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// for session in guardian.sessions_of("ada").await? {
    ///     println!("{} since {}", session.handle, session.created_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<SessionInfo>, sqlx::Error> {
        self.list_sessions(user_id, None).await
    }

    async fn list_sessions(
        &self,
        user_id: &str,
        current: Option<&SessionHandle>,
    ) -> Result<Vec<SessionInfo>, sqlx::Error> {
        let listed = self.0.registry.list(user_id, self.0.clock.now()).await?;
        let mut sessions: Vec<SessionInfo> = listed
            .into_iter()
            .map(|session| {
                let handle = SessionHandle(session.handle);
                let device = user_agent::read(session.user_agent.as_deref().unwrap_or_default());
                SessionInfo {
                    is_current: Some(&handle) == current,
                    handle,
                    browser: device.browser,
                    system: device.system,
                    ip: session.ip,
                    method: session.method,
                    created_at: session.created_at,
                    last_seen_at: session.last_seen_at,
                }
            })
            .collect();
        // Stable: the others stay in the order of their last use.
        sessions.sort_by_key(|session| !session.is_current);
        Ok(sessions)
    }
}
