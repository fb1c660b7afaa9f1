//! What an administrator does from a shell, beside the running server: see and end sessions.
//! The server's open pages learn of it by themselves.

use app::{FormError, server::AppState};
use clap::{ArgGroup, Args, Parser, Subcommand};
use leptos_guardian::{
    Reason, SessionHandle, SessionInfo,
    server::{Cause, Guardian},
};
use time::{UtcDateTime, macros::format_description};

/// The server. Without a command it serves.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ends sessions, at once and everywhere
    SignOut(SignOut),
    /// Lists where a user is signed in
    Sessions {
        /// The user's e-mail address
        #[arg(long, value_name = "EMAIL")]
        user: String,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true)))]
pub struct SignOut {
    /// All sessions of one user
    #[arg(long, value_name = "EMAIL", group = "whose")]
    user: Option<String>,
    /// One session, by the handle that `sessions` lists
    #[arg(
        long,
        value_name = "HANDLE",
        group = "whose",
        allow_hyphen_values = true
    )]
    session: Option<String>,
    /// Every session of every user
    #[arg(long, group = "whose")]
    everyone: bool,
    /// What to write down about it, for the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("no user has the e-mail address {0}")]
    UnknownUser(String),
    #[error("there is no session {0}, or not any more")]
    UnknownSession(String),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the users could not be read")]
    Users(#[from] FormError),
}

/// Carries a command out, and answers what to print.
///
/// # Errors
///
/// When there is no such user or session, or the database fails.
pub async fn run(
    command: Command,
    guardian: &Guardian,
    state: &AppState,
) -> Result<String, CommandError> {
    match command {
        Command::SignOut(command) => sign_out(command, guardian, state).await,
        Command::Sessions { user } => {
            let user_id = find_user(state, &user).await?;
            let sessions = guardian.sessions_of(&user_id).await?;
            Ok(match sessions.len() {
                0 => format!("{user} is signed in nowhere."),
                _ => table(&sessions),
            })
        }
    }
}

async fn sign_out(
    command: SignOut,
    guardian: &Guardian,
    state: &AppState,
) -> Result<String, CommandError> {
    let mut cause = Cause::from(Reason::Administrator);
    if let Some(note) = command.reason {
        cause = cause.with_note(note);
    }
    let ended = match (command.user, command.session) {
        (Some(email), _) => {
            let user_id = find_user(state, &email).await?;
            guardian.sign_out_user(&user_id, cause).await?.len()
        }
        (None, Some(handle)) => {
            let session = SessionHandle::from(handle.as_str());
            if !guardian.sign_out_session(&session, cause).await? {
                return Err(CommandError::UnknownSession(handle));
            }
            1
        }
        (None, None) => guardian.sign_out_everyone(cause).await?,
    };
    let plural = if ended == 1 { "" } else { "s" };
    Ok(format!("{ended} session{plural} ended."))
}

async fn find_user(state: &AppState, email: &str) -> Result<String, CommandError> {
    let found = state.user_id(email).await?;
    found.ok_or_else(|| CommandError::UnknownUser(email.to_owned()))
}

/// One line for each session.
fn table(sessions: &[SessionInfo]) -> String {
    let mut lines = vec![format!(
        "{:<22}  {:<28}  {:<39}  {:<10}  LAST ACTIVE (UTC)",
        "HANDLE", "DEVICE", "ADDRESS", "METHOD"
    )];
    for session in sessions {
        let device = [session.browser.as_deref(), session.system.as_deref()];
        lines.push(format!(
            "{:<22}  {:<28}  {:<39}  {:<10}  {}",
            session.handle.as_str(),
            device.into_iter().flatten().collect::<Vec<_>>().join(", "),
            session.ip.as_deref().unwrap_or("unknown"),
            session.method,
            utc(session.last_seen_at),
        ));
    }
    lines.join("\n")
}

/// A time in seconds since the Unix epoch, in words.
fn utc(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]");
    UtcDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}
