use app::server::AppState;
use clap::Parser as _;
use leptos_guardian::server::{Database, Guardian, HookResult, SignOutEvent};
use leptos_guardian_serve::server::{Limits, serve, stop_signal};
use server::{
    commands::{self, Cli},
    config::{Config, configure},
    router::router,
};
use std::{
    io::{IsTerminal, stderr, stdout},
    process::ExitCode,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tracing_subscriber::EnvFilter;

/// How long requests may take to finish after the stop signal, and hooks after that.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How long the server waits for a database that is still starting.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = if cli.command.is_some() {
        "warn"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // Standard output is for the result of a command.
    match cli.command {
        Some(_) => log
            .with_ansi(is_colourful(&stderr()))
            .with_writer(stderr)
            .init(),
        None => log.with_ansi(is_colourful(&stdout())).init(),
    }
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With its causes.
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Colours are for a terminal: in a file they are escape codes. (<https://no-color.org>)
fn is_colourful(output: &impl IsTerminal) -> bool {
    let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    output.is_terminal() && !is_unwanted
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let get = |name: &str| std::env::var(name).ok();
    let (config, database) = if cli.command.is_some() {
        let config = Config::read_for_command(get)?;
        // In a wrong folder, a new database would say that nobody is signed in.
        let database = Database::connect_existing(&config.database_url).await?;
        (config, database)
    } else {
        let config = Config::read(get)?;
        let database = Database::connect_within(&config.database_url, DATABASE_PATIENCE).await?;
        (config, database)
    };
    let state = AppState::new(database.clone(), config.attempts_per_minute).await?;
    let builder = configure(&config, database);
    match cli.command {
        Some(command) => {
            // Without the hook: the running server calls it.
            let guardian = builder.for_command().build().await?;
            let mut output = stdout();
            commands::run(command, &guardian, &state, &mut output).await?;
            Ok(())
        }
        None => {
            let guardian = builder.after_sign_out(note_sign_out).build().await?;
            run_server(&config, &guardian, state).await
        }
    }
}

async fn note_sign_out(event: SignOutEvent) -> HookResult {
    tracing::info!(
        event = event.id,
        user = event.user_id,
        reason = event.reason.as_str(),
        note = event.note,
        sessions = event.ended.len(),
        "after sign-out"
    );
    Ok(())
}

async fn run_server(config: &Config, guardian: &Guardian, state: AppState) -> anyhow::Result<()> {
    let router = router(config, guardian, state);
    let listener = TcpListener::bind(config.site_addr).await?;
    // At every log level: a person at a terminal waits for this line.
    println!("Serving {}", config.site_url);
    let stop = async {
        stop_signal().await;
        // Open pages would keep the server from stopping. They reconnect to the next one.
        guardian.close_streams();
    };
    let limits = Limits {
        head: config.keep_alive,
        ..Limits::default()
    };
    let finished = async {
        tokio::select! {
            () = serve(listener, router, limits, stop) => {}
            () = async { stop_signal().await; sleep(SHUTDOWN_LIMIT).await } => {
                tracing::warn!("some requests did not finish in time");
            }
        }
        let hooks = timeout(SHUTDOWN_LIMIT, guardian.finish_hooks()).await;
        if hooks.is_err() {
            tracing::warn!("an after_sign_out hook did not finish in time; it will run again");
        }
    };
    tokio::select! {
        () = finished => tracing::info!("stopped"),
        () = async { stop_signal().await; stop_signal().await } => {
            tracing::warn!("stopped at once, because a second signal came; hooks that did not finish will run again");
        }
    }
    Ok(())
}
