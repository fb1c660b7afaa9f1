//! The list of a user's sessions.

use super::Auth;
use crate::{
    AuthError, SessionCursor, SessionHandle, SessionInfo, SessionPage,
    server::{Guardian, registry::ListedSession, unavailable::unavailable, user_agent},
};

/// How many sessions a page shows: more than most people have, and few enough to cost no more than any
/// other page.
const PAGE: usize = 50;

impl Auth {
    /// Lists where the user is signed in, page by page: this session first, then by last use. `after` is
    /// the `next` of the previous page; `None` gives the first page.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the
    /// database fails.
    ///
    /// ```
    /// use axum::Json;
    /// use leptos_guardian::{AuthError, SessionPage, server::Auth};
    ///
    /// async fn list(auth: Auth) -> Result<Json<SessionPage>, AuthError> {
    ///     Ok(Json(auth.sessions(None).await?))
    /// }
    /// # let _: axum::routing::MethodRouter = axum::routing::get(list);
    /// ```
    pub async fn sessions(&self, after: Option<&SessionCursor>) -> Result<SessionPage, AuthError> {
        let user = self.require_user()?;
        self.guardian()
            .list_sessions(&user.id, Some(&user.session), after)
            .await
    }
}

impl Guardian {
    /// Lists where a user is signed in, page by page, the most recently used session first. For
    /// administrators. `after` is the `next` of the previous page; `None` gives the first page.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let mut after = None;
    /// loop {
    ///     let page = guardian.sessions_of("ada", after.as_ref()).await?;
    ///     for session in page.sessions {
    ///         println!("{} since {}", session.handle, session.created_at);
    ///     }
    ///     let Some(next) = page.next else { break };
    ///     after = Some(next);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sessions_of(
        &self,
        user_id: &str,
        after: Option<&SessionCursor>,
    ) -> Result<SessionPage, AuthError> {
        self.list_sessions(user_id, None, after).await
    }

    async fn list_sessions(
        &self,
        user_id: &str,
        current: Option<&SessionHandle>,
        after: Option<&SessionCursor>,
    ) -> Result<SessionPage, AuthError> {
        self.try_list_sessions(user_id, current, after)
            .await
            .map_err(unavailable("the sessions could not be listed"))
    }

    /// The current session, if there is one, comes first on the first page, and on no other.
    async fn try_list_sessions(
        &self,
        user_id: &str,
        current: Option<&SessionHandle>,
        after: Option<&SessionCursor>,
    ) -> Result<SessionPage, sqlx::Error> {
        let registry = &self.0.registry;
        let now = self.0.clock.now();
        let first = match (current, after) {
            (Some(current), None) => registry.list_one(user_id, current, now).await?,
            _ => None,
        };
        let room = PAGE - usize::from(first.is_some());
        // One more than shown, to see whether there is a next page.
        let limit = room as i64 + 1;
        let mut others = registry.list(user_id, current, after, now, limit).await?;
        let has_next = others.len() > room;
        others.truncate(room);
        let next = others.last().filter(|_| has_next).map(cursor_after);
        let sessions = first.into_iter().chain(others);
        user_agent::compile_rules().await;
        Ok(SessionPage {
            sessions: sessions.map(|session| describe(session, current)).collect(),
            next,
        })
    }
}

fn cursor_after(session: &ListedSession) -> SessionCursor {
    SessionCursor(format!("{}.{}", session.last_seen_at, session.handle))
}

fn describe(session: ListedSession, current: Option<&SessionHandle>) -> SessionInfo {
    let handle = SessionHandle(session.handle);
    let device = user_agent::read(session.user_agent.as_deref().unwrap_or_default());
    SessionInfo {
        is_current: Some(&handle) == current,
        handle,
        browser: device.browser,
        system: device.system,
        ip: session.ip,
        location: session.location,
        method: session.method,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
    }
}
