//! The server, while it renders a page or serves a server function.

mod in_order;

pub use crate::server::with_status;
pub(crate) use crate::server::{
    markup::{sign_out_panel, user_button},
    refuse_call, refuse_sign_out,
};

use crate::{
    AuthError, AuthState, User,
    components::slot,
    server::{
        Auth, mark_of,
        markup::{self, SessionsQuery, head},
        see_other, session,
    },
    state::AuthSignals,
};
use http::request::Parts;
use in_order::in_order;
use leptos::{
    attr::custom::custom_attribute, nonce::use_nonce, prelude::*, tachys::html::InertElement,
};
use std::time::Duration;

/// Returns whether a page is rendered into a file, for everybody
/// ([`SsrMode::Static`](leptos_router::SsrMode)). It holds nobody's state, and asks in the browser.
///
/// Leptos renders it with a request of its own making, which has passed no router and so has no
/// extensions.
fn is_without_request() -> bool {
    with_context(|parts: &Parts| parts.extensions.is_empty()).unwrap_or(true)
}

/// Provides the request's auth state to what is inside the current component.
pub(crate) fn provide_auth() {
    let (state, others) = request_state();
    provide_context(AuthSignals {
        state: ArcRwSignal::new(state),
        others: ArcRwSignal::new(others),
    });
}

/// Returns the auth state of the page, of the request unless a provider has another.
pub(crate) fn auth_signals() -> AuthSignals {
    use_context().unwrap_or_else(|| {
        provide_auth();
        expect_context()
    })
}

fn request_state() -> (AuthState, Vec<User>) {
    if is_without_request() {
        return (AuthState::Loading, Vec::new());
    }
    match session() {
        Ok(Some(accounts)) => {
            // The browser hydrates with these: what a page renders must not depend on anything else.
            let others = accounts.others.into_iter().map(User::without_private);
            let active = accounts.active.without_private();
            (AuthState::SignedIn(active), others.collect())
        }
        Ok(None) => (AuthState::SignedOut, Vec::new()),
        Err(_) => (AuthState::Loading, Vec::new()),
    }
}

/// Returns what makes a hydrated page live.
pub(crate) fn page_head() -> String {
    // With islands, Leptos hydrates no more than these.
    let hydrates = !cfg!(feature = "islands");
    head(visitor().as_ref(), use_nonce().as_deref(), hydrates)
}

/// Returns what makes a page live that is not hydrated.
pub(crate) fn shell_head() -> AnyView {
    let html = head(visitor().as_ref(), use_nonce().as_deref(), false);
    InertElement::new(html).into_any()
}

/// The visitor, unless the page is for everybody.
fn visitor() -> Option<Auth> {
    Auth::from_context().filter(|_| !is_without_request())
}

/// Returns for which session the server fills the page's components: an empty text for nobody, nothing for a
/// page that is for everybody.
pub(crate) fn filled_for() -> Option<String> {
    auth_signals().state.with_untracked(|state| match state {
        AuthState::SignedIn(user) => Some(user.session.to_string()),
        AuthState::SignedOut => Some(String::new()),
        AuthState::Loading => None,
    })
}

/// Returns the field that tells a sign-out whom its page has shown.
pub(crate) fn shown_user_field() -> String {
    let auth = auth_signals().state;
    let mark = auth.with_untracked(|state| state.user().map(|user| mark_of(&user.id)));
    mark.map(|mark| format!(r#"<input type="hidden" name="shown_user" value="{mark}">"#))
        .unwrap_or_default()
}

/// Shows the children if the auth state, which stays the same while a page is rendered, meets the condition. The
/// page's script hides elements with the mark until Leptos changes the page, or instead of Leptos.
pub(crate) fn show_while(
    condition: fn(&AuthState) -> bool,
    mark: &'static str,
    children: ChildrenFn,
) -> AnyView {
    let is_shown = auth_signals().state.with_untracked(condition);
    let shown = is_shown.then(|| {
        let marked = children().add_any_attr(custom_attribute(mark, ""));
        marked.into_any()
    });
    shown.into_any()
}

/// Renders the list of sessions of a page with this query, once it is read.
pub(crate) fn session_list(query: String) -> AnyView {
    let address = format!("session-list?{query}");
    let Some(auth) = visitor() else {
        return slot(address, String::new());
    };
    let html = ArcAsyncDerived::new(move || {
        let (auth, query) = (auth.clone(), SessionsQuery(query.clone()));
        async move {
            let listed = query.read(&auth).await.map_err(with_status);
            let now = auth.guardian().0.clock.now();
            markup::session_list(&query, listed, now)
        }
    });
    // The response begins once the list is read, so that a failure becomes its status.
    if let Some(response) = Owner::current_shared_context() {
        response.defer_stream(Box::pin(html.ready()));
    }
    in_order(async move { slot(address, html.await) })
}

/// Returns whether the user's last proof is recent. If it is not, redirects to the page that asks for another
/// one, with the requested page as its callback URL.
pub(crate) fn is_recent(max_age: Duration, confirm_url: &str) -> bool {
    let Some(auth) = visitor() else {
        tracing::error!("a static page has a RequireRecent: it is the same for everybody");
        return false;
    };
    match auth.require_recent(max_age) {
        Ok(_) => return true,
        Err(AuthError::ConfirmationRequired { .. }) => leave_for(confirm_url),
        // `RequireSignedIn` leaves, or the page says what is wrong.
        Err(_) => {}
    }
    false
}

/// Redirects to the sign-in page, with the requested page as its callback URL.
pub(crate) fn leave_for_sign_in(sign_in_url: &str) {
    leave_for(sign_in_url);
}

fn leave_for(own_page: &str) {
    let (Some(auth), Some(parts)) = (Auth::from_context(), use_context::<Parts>()) else {
        return;
    };
    let current_page = parts.uri.path_and_query().map(|page| page.as_str());
    let redirects = auth.guardian().redirects();
    match redirects.check_page(own_page, current_page) {
        Ok(target) => see_other(&target),
        Err(refused) => tracing::error!(%refused, own_page, "the app's own page was refused"),
    }
}
