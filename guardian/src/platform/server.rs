//! The server, while it renders a page or serves a server function.

mod in_order;

pub use crate::server::with_status;
pub(crate) use crate::server::{refuse_call, refuse_sign_out};

use crate::{
    AuthError, AuthState, Reason, SessionCursor, SessionPage, User,
    server::{Auth, see_other, session, sessions},
    session_info::Listed,
};
use http::request::Parts;
use in_order::in_order;
use leptos::prelude::{AnyView, Resource, RwSignal, SharedValue, use_context, with_context};
use std::str::FromStr as _;
use time::{
    UtcDateTime, format_description::well_known::Rfc3339, formatting::Formattable,
    macros::format_description,
};
use unicode_segmentation::UnicodeSegmentation as _;

/// Returns whether a page is rendered into a file, for everybody
/// ([`SsrMode::Static`](leptos_router::SsrMode)). It holds nobody's state, and asks in the browser.
///
/// Leptos renders it with a request of its own making, which has passed no router and so has no
/// extensions.
fn is_without_request() -> bool {
    with_context(|parts: &Parts| parts.extensions.is_empty()).unwrap_or(true)
}

/// Returns the auth state and the browser's other accounts, and writes them into the page.
pub(crate) fn initial_state() -> (AuthState, Vec<User>) {
    let state = SharedValue::new(|| {
        if is_without_request() {
            return (AuthState::Loading, Vec::new());
        }
        match session() {
            Ok(Some(accounts)) => (AuthState::SignedIn(accounts.active), accounts.others),
            Ok(None) => (AuthState::SignedOut, Vec::new()),
            Err(_) => (AuthState::Loading, Vec::new()),
        }
    });
    state.into_inner()
}

/// Renders the list of sessions, once it is read, and writes it into the page.
pub(crate) fn list_sessions(
    after: Option<String>,
    list: impl FnOnce(RwSignal<Option<Listed>>) -> AnyView + Send + 'static,
) -> AnyView {
    if is_without_request() {
        let not_read = SharedValue::new(|| None::<Listed>);
        return list(RwSignal::new(not_read.into_inner()));
    }
    // Blocking, so that a failure becomes the page's status.
    let read = move || {
        let after = after.clone();
        async { (sessions_of_page(after).await, now()) }
    };
    let listed = Resource::new_blocking(|| (), move |()| read());
    in_order(async move { list(RwSignal::new(Some(listed.await))) })
}

/// Redirects to the sign-in page, with the requested page as its callback URL. There is no reason: only
/// an open page knows why nobody is signed in.
pub(crate) fn leave_for_sign_in(sign_in_url: &str, _: &str, _: Option<Reason>) {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return;
    };
    let current_page = parts.uri.path_and_query().map(|page| page.as_str());
    let redirects = auth.guardian().redirects();
    match redirects.check_page(sign_in_url, current_page) {
        Ok(target) => see_other(&target),
        Err(refused) => tracing::error!(%refused, sign_in_url, "the sign-in page was refused"),
    }
}

/// Formats a time for programs.
pub(crate) fn iso_time(seconds: i64) -> String {
    in_utc(seconds, &Rfc3339)
}

/// Formats a time for people, in UTC, for pages without JavaScript.
pub(crate) fn exact_time(seconds: i64) -> String {
    let format =
        format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
    in_utc(seconds, &format)
}

fn in_utc(seconds: i64, format: &(impl Formattable + ?Sized)) -> String {
    let time = UtcDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// Returns the time by the guardian's clock, in seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    Auth::from_context().map_or(0, |auth| auth.guardian().0.clock.now())
}

/// Returns the first letter of a word, as a capital. A family emoji, or a letter with its accents,
/// counts as one letter.
pub(crate) fn initial(word: &str) -> Option<String> {
    word.graphemes(true).next().map(str::to_uppercase)
}

/// Lists the sessions after the cursor that the page's URL has.
async fn sessions_of_page(after: Option<String>) -> Result<SessionPage, AuthError> {
    let after = after.as_deref().map(SessionCursor::from_str).transpose();
    sessions(after.map_err(|_| with_status(AuthError::Malformed))?).await
}
