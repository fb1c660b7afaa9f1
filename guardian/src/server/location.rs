//! Where a user signs in: the app's words for a network address.

use std::{fmt, future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a sign-in waits for the description.
const LIMIT: Duration = Duration::from_secs(1);

/// How much of a description is stored, in characters: more than a city and a country.
const LENGTH: usize = 100;

type Describe =
    dyn Fn(IpAddr) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync;

/// The app's function. Without one, no address is described.
#[derive(Clone, Default)]
pub(crate) struct DescribeLocation(Option<Arc<Describe>>);

impl fmt::Debug for DescribeLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DescribeLocation").finish_non_exhaustive()
    }
}

impl DescribeLocation {
    pub(crate) fn new<F, Run>(describe: F) -> Self
    where
        F: Fn(IpAddr) -> Run + Send + Sync + 'static,
        Run: Future<Output = Option<String>> + Send + 'static,
    {
        Self(Some(Arc::new(move |ip| Box::pin(describe(ip)))))
    }

    /// Returns what the app says of an address. A sign-in must not fail for it, so a panic and a long wait
    /// give nothing.
    pub(crate) async fn of(&self, ip: Option<&str>) -> Option<String> {
        let describe = Arc::clone(self.0.as_ref()?);
        let ip: IpAddr = ip?.parse().ok()?;
        // In a task, whose panic is no panic of the request, and which another thread runs if it blocks.
        let mut task = tokio::spawn(async move { describe(ip).await });
        match timeout(LIMIT, &mut task).await {
            Ok(Ok(described)) => {
                let described = described?;
                // PostgreSQL would refuse a zero byte, and with it the sign-in.
                let readable = described.trim().chars().filter(|char| !char.is_control());
                let text: String = readable.take(LENGTH).collect();
                (!text.is_empty()).then_some(text)
            }
            Ok(Err(cause)) => {
                tracing::error!(%cause, "describe_location failed; the session has no location");
                None
            }
            Err(_) => {
                task.abort();
                tracing::warn!("describe_location took too long; the session has no location");
                None
            }
        }
    }
}
