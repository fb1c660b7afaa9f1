//! A transaction of the app in which sessions end: with a changed password or a deleted
//! account, all or nothing.

use super::{
    Auth, Cause, Connection, Guardian, SignOutEvent,
    auth::{Renewal, unavailable},
    database::in_time,
    open_transaction::OpenTransaction,
    registry::{self, Condition, Ending, WritePermit},
};
use crate::{AuthError, SessionHandle, SignOutScope};

/// A transaction on the guardian's database, made by [`Guardian::begin`]. What it ends is
/// announced to open pages and to `after_sign_out` when it is committed; dropped without, it
/// has done nothing.
///
/// On SQLite nobody else can write until it is over: keep it short.
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
pub struct Transaction {
    guardian: Guardian,
    // Dropped first: its rollback is on its way when the next one may write.
    open: OpenTransaction,
    permit: WritePermit,
    events: Vec<SignOutEvent>,
    renewal: Option<Renewal>,
}

impl Guardian {
    /// Begins a transaction, for statements of the app that must hold together with a sign-out.
    ///
    /// # Errors
    ///
    /// When the database fails.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let mut transaction = guardian.begin().await?;
    /// transaction.sign_out_user("ada", Reason::AccountDeleted).await?;
    /// drop(transaction); // Nothing has happened.
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let registry = &self.0.registry;
        let (open, permit) = in_time(async {
            let permit = registry.acquire_write().await;
            Ok((OpenTransaction::begin(registry.database()).await?, permit))
        })
        .await?;
        Ok(Transaction {
            open,
            permit,
            guardian: self.clone(),
            events: Vec::new(),
            renewal: None,
        })
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
        // The app may go on after a statement that failed.
        self.open.doubt();
        self.open.connection()
    }

    /// Ends all sessions of a user. Answers what ended.
    ///
    /// # Errors
    ///
    /// When the database fails; then the transaction is to be dropped.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
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
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        let all = Condition::User(user_id.to_owned());
        self.end(&Ending::new(SignOutScope::Global, vec![all]), &cause.into())
            .await
    }

    /// Ends the sessions that the signed-in user has elsewhere, and gives this browser a new token:
    /// whoever has a copy of the one before is out, too (OWASP ASVS 5.0, 7.2.4). Returns what ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::SignedOut`] when nobody is signed in, [`AuthError::Unavailable`] when the
    /// database fails. Then drop the transaction.
    ///
    /// ```
    /// use leptos_guardian::{Reason, server::Auth};
    ///
    /// async fn change_password(auth: &Auth) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut transaction = auth.guardian().begin().await?;
    ///     // Here the app stores the new password.
    ///     transaction.sign_out_others(auth, Reason::PasswordChange).await?;
    ///     transaction.commit().await?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn sign_out_others(
        &mut self,
        auth: &Auth,
        cause: impl Into<Cause>,
    ) -> Result<Vec<SessionHandle>, AuthError> {
        let user = auth.require_user()?;
        let others = Condition::UserExcept(user.id.clone(), user.session.clone());
        let cause = cause.into().by(Some(user.session.clone()));
        let ended = self
            .end(&Ending::new(SignOutScope::Others, vec![others]), &cause)
            .await
            .map_err(unavailable("the other sessions could not be ended"))?;
        // The others end also if this session has just ended.
        self.try_renew_token(auth).await?;
        Ok(ended)
    }

    /// Commits, then notifies open pages and the hook.
    ///
    /// # Errors
    ///
    /// When the database fails, or when a statement of the transaction has failed before; then
    /// nothing has happened. (After a network failure nobody can tell.)
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let mut transaction = guardian.begin().await?;
    /// transaction.sign_out_user("ada", Reason::PasswordChange).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        in_time(self.open.commit()).await?;
        drop(self.permit);
        if let Some(renewal) = self.renewal {
            renewal.take_effect();
        }
        self.guardian.announce(self.events);
        Ok(())
    }

    /// Undoes what was done in it. Dropping it does so, too, but may cost a new connection.
    ///
    /// # Errors
    ///
    /// When the database fails; the transaction is undone all the same.
    ///
    /// ```
    /// # use leptos_guardian::{Reason, server::Guardian};
    /// # async fn example(guardian: &Guardian) -> Result<(), sqlx::Error> {
    /// let mut transaction = guardian.begin().await?;
    /// if transaction.sign_out_user("ada", Reason::AccountDeleted).await?.is_empty() {
    ///     return transaction.rollback().await;
    /// }
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        in_time(self.open.rollback()).await
    }

    pub(crate) fn guardian(&self) -> &Guardian {
        &self.guardian
    }

    /// The connection, for statements whose failures the library passes on.
    pub(crate) fn own_connection(&mut self) -> Connection<'_> {
        self.open.connection()
    }

    pub(crate) fn renews_token(&self) -> bool {
        self.renewal.is_some()
    }

    pub(crate) fn renew_on_commit(&mut self, renewal: Renewal) {
        self.renewal = Some(renewal);
    }

    /// Ends sessions. Every sign-out passes through here.
    pub(crate) async fn end(
        &mut self,
        ending: &Ending,
        cause: &Cause,
    ) -> Result<Vec<SessionHandle>, sqlx::Error> {
        let connection = self.open.connection();
        let clock = &self.guardian.0.clock;
        let ended = registry::end(connection, ending, cause, clock).await;
        let events = ended.inspect_err(|_| self.open.doubt())?;
        let ended = events
            .iter()
            .flat_map(|event| event.ended.clone())
            .collect();
        self.events.extend(events);
        Ok(ended)
    }

    /// The ids of the events so far.
    pub(crate) fn event_ids(&self) -> Vec<String> {
        self.events.iter().map(|event| event.id.clone()).collect()
    }
}
