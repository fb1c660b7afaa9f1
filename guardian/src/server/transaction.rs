//! A transaction in which sessions end together with changes of the app, such as a new password or a
//! deleted account: all or nothing.

use super::{
    Cause, Connection, Guardian, SignOutEvent,
    backend::Patience,
    durable_connection::DurableConnection,
    open_transaction::{OpenTransaction, is_lost},
    registry::{self, Revocation, Target, WritePermit},
    time_limit::in_time,
    unavailable::unavailable,
};
use crate::{AuthError, SessionHandle, SignOutScope};
use std::fmt;

/// A transaction on the guardian's database, made by [`Guardian::begin`]. Its commit notifies open pages
/// and `after_sign_out` of the sessions that it ended. Dropped without a commit, it has done nothing.
///
/// On SQLite nobody else can write until it ends: keep it short.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use leptos_guardian::{Reason, server::{Database, Guardian, SigningKey}, with_connection};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let database_url = format!("sqlite://{}", folder.path().join("app.db").display());
/// # let database = Database::connect(&database_url).await?;
/// # let guardian = Guardian::builder(database).site_url("http://127.0.0.1:3000").key(SigningKey::generate()).build().await?;
/// let mut transaction = guardian.begin().await?;
/// with_connection!(transaction.connection(), connection => {
///     sqlx::query("create table note (text text)").execute(&mut *connection).await?;
/// });
/// transaction.sign_out_user("ada", Reason::AccountDeleted).await?;
/// transaction.commit().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use]
pub struct Transaction {
    guardian: Guardian,
    // Before `permit`, so that its rollback begins before the next write may.
    open: OpenTransaction,
    permit: WritePermit,
    events: Vec<SignOutEvent>,
    on_commit: Vec<OnCommit>,
    has_renewed_token: bool,
}

type OnCommit = Box<dyn FnOnce() + Send + Sync>;

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

impl Guardian {
    /// Begins a transaction, for statements of the app that must hold together with a sign-out.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let mut transaction = guardian.begin().await?;
    /// transaction.sign_out_user("ada", Reason::AccountDeleted).await?;
    /// drop(transaction); // Nothing has happened.
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&self) -> Result<Transaction, AuthError> {
        let failed = unavailable("a transaction could not begin");
        self.try_begin(Patience::Usual).await.map_err(failed)
    }

    pub(crate) async fn try_begin(&self, patience: Patience) -> Result<Transaction, sqlx::Error> {
        let registry = &self.0.registry;
        let (open, permit) = in_time(async {
            let permit = registry.acquire_write().await;
            let open = OpenTransaction::begin(registry.database(), patience).await?;
            Ok((open, permit))
        })
        .await?;
        Ok(self.transaction(open, permit))
    }

    /// Begins another transaction on the connection of the last one. Returns `None` if the connection is
    /// lost, or has gone back to the pool because others wait for one or for permission to write.
    pub(crate) async fn begin_on(
        &self,
        connection: DurableConnection,
        patience: Patience,
    ) -> Option<Result<Transaction, sqlx::Error>> {
        if connection.may_be_kept()
            && let Some(permit) = self.0.registry.try_acquire_write()
        {
            return match in_time(OpenTransaction::begin_on(connection, patience)).await {
                Err(cause) if is_lost(&cause) => None,
                begun => Some(begun.map(|open| self.transaction(open, permit))),
            };
        }
        connection.release().await;
        None
    }

    fn transaction(&self, open: OpenTransaction, permit: WritePermit) -> Transaction {
        Transaction {
            open,
            permit,
            guardian: self.clone(),
            events: Vec::new(),
            on_commit: Vec::new(),
            has_renewed_token: false,
        }
    }
}

impl Transaction {
    /// The connection, for the app's own statements.
    ///
    /// ```
    /// use leptos_guardian::{server::Transaction, with_connection};
    ///
    /// async fn disable(transaction: &mut Transaction, id: &str) -> Result<(), sqlx::Error> {
    ///     with_connection!(transaction.connection(), connection => {
    ///         sqlx::query("delete from users where id = $1").bind(id).execute(connection).await?;
    ///     });
    ///     Ok(())
    /// }
    /// ```
    pub fn connection(&mut self) -> Connection<'_> {
        // The app may ignore the failure of one of its statements.
        self.open.doubt();
        self.open.connection()
    }

    /// Ends all sessions of a user. Returns the sessions that ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails. Then drop the transaction.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let mut transaction = guardian.begin().await?;
    /// let ended = transaction.sign_out_user("ada", Reason::AccountDeleted).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out_user(
        &mut self,
        user_id: &str,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let all = vec![Target::User(user_id.to_owned())];
        let revocation = Revocation::new(SignOutScope::Global, all);
        self.revoke(revocation, cause.into())
            .await
            .map_err(unavailable("a user's sessions could not be ended"))
    }

    /// Commits, then notifies open pages and the hook.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails, or when an earlier statement of the
    /// transaction has failed. Then nothing has happened. (After a network failure, this is unknown.)
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let mut transaction = guardian.begin().await?;
    /// transaction.sign_out_user("ada", Reason::PasswordChange).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn commit(self) -> Result<(), AuthError> {
        let failed = unavailable("a transaction could not be committed");
        self.try_commit().await.map_err(failed)?.release().await;
        Ok(())
    }

    /// Commits, and returns the connection.
    pub(crate) async fn try_commit(self) -> Result<DurableConnection, sqlx::Error> {
        let connection = in_time(self.open.commit()).await?;
        drop(self.permit);
        for work in self.on_commit {
            work();
        }
        self.guardian.announce(self.events);
        Ok(connection)
    }

    /// Undoes the transaction. Dropping it has the same effect, but may cost a new connection.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the database fails. The transaction is undone all the same.
    ///
    /// ```
    /// # use leptos_guardian::{AuthError, Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), AuthError> {
    /// let mut transaction = guardian.begin().await?;
    /// if transaction.sign_out_user("ada", Reason::AccountDeleted).await?.is_empty() {
    ///     return transaction.rollback().await;
    /// }
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rollback(self) -> Result<(), AuthError> {
        in_time(self.open.rollback())
            .await
            .map_err(unavailable("a transaction could not be rolled back"))
    }

    pub(crate) fn guardian(&self) -> &Guardian {
        &self.guardian
    }

    /// The connection, for statements whose failures the library passes on.
    pub(crate) fn own_connection(&mut self) -> Connection<'_> {
        self.open.connection()
    }

    /// Returns whether it has given a browser a new token.
    pub(crate) fn has_renewed_token(&self) -> bool {
        self.has_renewed_token
    }

    /// Runs `work`, which puts the browser's new token into the response, right after the commit.
    pub(crate) fn renew_on_commit(&mut self, work: impl FnOnce() + Send + Sync + 'static) {
        self.has_renewed_token = true;
        self.on_commit(work);
    }

    /// Runs `work` right after the commit.
    pub(crate) fn on_commit(&mut self, work: impl FnOnce() + Send + Sync + 'static) {
        self.on_commit.push(Box::new(work));
    }

    /// Waits for the sign-ins that it must end, then ends sessions. Returns them.
    pub(crate) async fn revoke(
        &mut self,
        revocation: Revocation,
        cause: Cause,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        let now = self.guardian.0.clock.now();
        let lock = registry::lock_for_sign_out(self.open.connection(), &revocation, now);
        if let Err(cause) = in_time(lock).await {
            self.open.doubt();
            return Err(cause);
        }
        let events = self.revoke_all(&[(revocation, cause)]).await?;
        let events = events.into_iter().flatten();
        Ok(events.flat_map(|event| event.ended).collect())
    }

    /// Ends the sessions of several sign-outs, whose locks the transaction has. Returns the events of each.
    /// Every sign-out passes through here.
    pub(crate) async fn revoke_all(
        &mut self,
        sign_outs: &[(Revocation, Cause)],
    ) -> Result<Vec<Vec<SignOutEvent>>, sqlx::Error> {
        let connection = self.open.connection();
        let inner = &self.guardian.0;
        let kept = &inner.registry.kept;
        let events = registry::revoke_all(connection, sign_outs, &inner.clock, kept).await;
        let events = events.inspect_err(|_| self.open.doubt())?;
        self.events.extend(events.iter().flatten().cloned());
        Ok(events)
    }
}
