use app::server::AppState;
use leptos_guardian::server::{Database, Guardian, SignOutEvent};
use server::{config::Config, router::router};
use std::{error::Error, net::SocketAddr, process::ExitCode, time::Duration};
use tokio::{net::TcpListener, signal, time::sleep};
use tracing_subscriber::EnvFilter;

/// How long requests may take to finish once the server is told to stop.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let database = Database::connect(&config.database_url).await?;
    let state = AppState::new(database.clone(), config.attempts_per_minute).await?;
    let guardian = Guardian::builder(database)
        .site_url(config.site_url.as_str())
        .key(config.session_key.clone())
        .after_sign_out(async |event: SignOutEvent| {
            tracing::info!(
                event = event.id,
                user = event.user_id,
                reason = event.reason.as_str(),
                sessions = event.ended.len(),
                "after sign-out"
            );
            Ok(())
        })
        .build()
        .await?;
    let router = router(&config, &guardian, state);

    let listener = TcpListener::bind(config.site_addr).await?;
    // Whatever the log level: this is what somebody at a terminal waits for.
    println!("Serving {}", config.site_url);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(told_to_stop());
    tokio::select! {
        result = server => result?,
        () = async { told_to_stop().await; sleep(SHUTDOWN_LIMIT).await } => {
            tracing::warn!("some requests did not finish in time");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Resolves on Ctrl-C, and on the SIGTERM that service managers send.
async fn told_to_stop() {
    let interrupted = async {
        // Only fails where there are no signals; then the server runs until it is killed.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
