//! What administrators, jobs and the app's own code do about sessions, outside a request.

use super::{
    Cause, CleanedUp, Guardian,
    registry::{Revocation, Target},
    unavailable::unavailable,
};
use crate::{AuthError, Profile, SessionHandle, SignOutScope};

impl Guardian {
    /// Ends all sessions of a user. Returns the sessions that ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails; then nothing has ended.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let ended = guardian.sign_out_user("ada", Reason::Administrator).await?;
    /// println!("{} sessions ended", ended.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_user(
        &self,
        user_id: &str,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let all = Target::User(user_id.to_owned());
        self.sign_out_target(SignOutScope::Global, all, &cause.into())
            .await
    }

    /// Ends one session of any user. Returns the session, or nothing if it had ended before.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails; then nothing has ended.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, SessionHandle, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let session = SessionHandle::from("mgvEcr0");
    /// if guardian.sign_out_session(&session, Reason::Administrator).await?.is_empty() {
    ///     println!("It had ended already.");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_session(
        &self,
        session: &SessionHandle,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let one = Target::Session(session.clone());
        self.sign_out_target(SignOutScope::Local, one, &cause.into())
            .await
    }

    /// Ends every session of every user, the caller's too. A session that begins meanwhile may or
    /// may not end. Returns the sessions that ended: some 50 bytes for each.
    ///
    /// It works in steps, so that other requests reach the database in between.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails. Then some sessions may have ended: call it
    /// again.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::{Cause, Guardian}};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let cause = Cause::from(Reason::Administrator).with_note("a backup was stolen");
    /// println!("{} sessions ended", guardian.sign_out_everyone(cause).await?.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_everyone(
        &self,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let cause = cause.into();
        let mut after = String::new();
        let mut ended = Vec::new();
        loop {
            // By handle, not by date: a wrong clock must spare nobody.
            let until = self.0.registry.step_after(&after).await;
            let until = until.map_err(unavailable("the sessions could not be counted"))?;
            let step = Target::HandleRange {
                after,
                until: until.clone(),
            };
            ended.extend(
                self.sign_out_target(SignOutScope::Global, step, &cause)
                    .await?,
            );
            match until {
                Some(last) => after = last,
                None => return Ok(ended),
            }
        }
    }

    async fn sign_out_target(
        &self,
        scope: SignOutScope,
        target: Target,
        cause: &Cause,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let revocation = Revocation::new(scope, vec![target]);
        let revoked = self.revoke(revocation, cause.clone()).await;
        let (ended, _) = revoked.map_err(unavailable("sessions could not be ended"))?;
        Ok(ended)
    }

    /// Gives all sessions of a user a new profile, from the next request on. The app's own
    /// [fields](Profile::with) belong to it: those that the new profile lacks are gone. Open pages follow at
    /// once on this server and, with PostgreSQL's notifications, on the others. Otherwise they follow when
    /// they are next looked at.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Profile, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// guardian.update_profile("ada", &Profile::new("Ada King")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_profile(&self, user_id: &str, profile: &Profile) -> Result<(), AuthError> {
        let updated = self.0.registry.update_profile(user_id, profile).await;
        updated.map_err(unavailable("a profile could not be updated"))?;
        self.0.live.publish_profile(user_id);
        Ok(())
    }

    /// Deletes, in small batches: sessions and visitors' data that expired at least a day ago, and
    /// events older than [`keep_events`](super::Builder::keep_events). A running server does this every
    /// hour by itself.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails. What was deleted before stays deleted.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let deleted = guardian.clean_up().await?;
    /// println!("{} sessions and {} events deleted", deleted.sessions, deleted.events);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn clean_up(&self) -> Result<CleanedUp, AuthError> {
        let cleaned_up = self.0.housekeeper.work.clean_up().await;
        cleaned_up.map_err(unavailable("the housekeeping failed"))
    }
}
