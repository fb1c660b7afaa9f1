use std::future::pending;
use tokio::signal;

/// Resolves on Ctrl-C, and on the SIGTERM that service managers send.
pub async fn stop_signal() {
    let interrupted = async {
        // Only fails where there are no signals; then the server runs until it is killed.
        if signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
