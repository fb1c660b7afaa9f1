//! The commands for an administrator's shell, beside the running server: list and end sessions.
//! Open pages learn of it by themselves.

use app::{FormError, server::AppState};
use clap::{ArgGroup, Args, Parser, Subcommand};
use leptos_guardian::{
    AuthError, Reason, SessionHandle, SessionInfo,
    server::{Cause, Guardian},
};
use std::io::{self, Write};
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
    /// A note for the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("no user has the e-mail address {0}")]
    UnknownUser(String),
    #[error("there is no session {0}, or it has ended")]
    UnknownSession(String),
    #[error("the sessions could not be read or ended")]
    Sessions(#[from] AuthError),
    #[error("the result could not be printed")]
    Output(#[from] io::Error),
    #[error("the users could not be read")]
    Users(#[from] FormError),
}

/// Runs a command, and prints the result.
///
/// # Errors
///
/// When there is no such user or session, or the database or the output fails.
pub async fn run(
    command: Command,
    guardian: &Guardian,
    state: &AppState,
    output: &mut impl Write,
) -> Result<(), CommandError> {
    match command {
        Command::SignOut(command) => {
            let done = sign_out(command, guardian, state).await?;
            writeln!(output, "{done}")?;
        }
        Command::Sessions { user } => {
            let user_id = find_user(state, &user).await?;
            list_sessions(&user, &user_id, guardian, output).await?;
        }
    }
    Ok(())
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
            guardian.sign_out_user(&user_id, cause).await
        }
        (None, Some(handle)) => {
            let session = SessionHandle::from(handle.as_str());
            let ended = guardian.sign_out_session(&session, cause).await;
            if ended.as_ref().is_ok_and(Vec::is_empty) {
                return Err(CommandError::UnknownSession(handle));
            }
            ended
        }
        (None, None) => guardian.sign_out_everyone(cause).await,
    };
    let count = ended?.len();
    let plural = if count == 1 { "" } else { "s" };
    Ok(format!("{count} session{plural} ended."))
}

async fn find_user(state: &AppState, email: &str) -> Result<String, CommandError> {
    let found = state.user_id(email).await?;
    found.ok_or_else(|| CommandError::UnknownUser(email.to_owned()))
}

/// Prints all sessions of a user, page by page, because there may be very many.
async fn list_sessions(
    user: &str,
    user_id: &str,
    guardian: &Guardian,
    output: &mut impl Write,
) -> Result<(), CommandError> {
    let mut page = guardian.sessions_of(user_id, None).await?;
    if page.sessions.is_empty() {
        writeln!(output, "{user} is signed in nowhere.")?;
        return Ok(());
    }
    let titles = ["HANDLE", "DEVICE", "ADDRESS", "METHOD", "LAST ACTIVE (UTC)"];
    writeln!(output, "{}", line(titles))?;
    loop {
        for session in &page.sessions {
            writeln!(output, "{}", describe(session))?;
        }
        let Some(next) = page.next else { return Ok(()) };
        page = guardian.sessions_of(user_id, Some(&next)).await?;
    }
}

fn describe(session: &SessionInfo) -> String {
    let device = [session.browser.as_deref(), session.system.as_deref()];
    line([
        session.handle.as_str(),
        &device.into_iter().flatten().collect::<Vec<_>>().join(", "),
        session.ip.as_deref().unwrap_or("unknown"),
        &session.method,
        &utc(session.last_seen_at),
    ])
}

/// One line of the table.
fn line([handle, device, address, method, active]: [&str; 5]) -> String {
    format!("{handle:<22}  {device:<28}  {address:<39}  {method:<10}  {active}")
}

/// Formats a time, which is in seconds since the Unix epoch.
fn utc(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]");
    UtcDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}
