use super::relative_time::relative_time;
use crate::{
    AuthError, SessionCursor, SessionInfo, SessionPage, SignOutButton, SignOutScope,
    query::find_field, server::Auth,
};
use leptos::prelude::*;

/// The query parameter with the cursor after which the list begins.
const AFTER: &str = "after";

/// The id of the list's element.
const ID: &str = "guardian-sessions";

/// Which page of the list a page shows: its own query.
pub(crate) struct SessionsQuery(pub(crate) String);

impl SessionsQuery {
    fn after(&self) -> Option<String> {
        find_field(&self.0, AFTER).filter(|after| !after.is_empty())
    }

    /// Reads the page of the list.
    pub(crate) async fn read(&self, auth: &Auth) -> Result<SessionPage, AuthError> {
        let after: Option<SessionCursor> = self
            .after()
            .map(|after| after.parse().map_err(|_| AuthError::Malformed))
            .transpose()?;
        auth.sessions(after.as_ref()).await
    }

    /// A link to another page of the list. It loads a new document, so that only one page of the list has
    /// to be kept up to date.
    fn link(&self, label: &'static str, after: Option<String>) -> AnyView {
        let query = with_query_parameter(&self.0, AFTER, after);
        view! {
            // To the list's element, so that keyboard users continue there.
            <a class="guardian-button" rel="external" href=format!("{query}#{ID}")>{label}</a>
        }
        .into_any()
    }
}

/// The inside of a [`SessionList`](crate::SessionList).
pub(crate) fn session_list(
    query: &SessionsQuery,
    listed: Result<SessionPage, AuthError>,
    now: i64,
) -> String {
    let back = query.after().map(|_| query.link("Back to the first", None));
    let page = match listed {
        Ok(page) => page_of_list(query, page, now),
        Err(error) => not_loaded(&error),
    };
    view! {
        <section class="guardian-sessions" id=ID aria-label="Where you are signed in">
            // A pressed button disappears with its row. This region stays: the script says in it what
            // happened, and gives it the focus. Never hidden: a hidden element cannot take the focus.
            <div role="status" tabindex="-1" data-guardian-ended=""></div>
            {back}
            {page}
            <div class="guardian-actions">
                <SignOutButton scope=SignOutScope::Others redirect=false>
                    "Sign out everywhere else"
                </SignOutButton>
                <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
            </div>
        </section>
    }
    .to_html()
}

fn page_of_list(query: &SessionsQuery, page: SessionPage, now: i64) -> AnyView {
    let is_empty = page.sessions.is_empty();
    let rows = page.sessions.into_iter().map(|session| row(session, now));
    let next = page.next.map(|next| query.link("Show more", Some(next.0)));
    view! {
        <ul class="guardian-lines">{rows.collect_view()}</ul>
        {is_empty.then(|| view! { <p>"No more sessions."</p> })}
        <div class="guardian-actions" role="group">{next}</div>
    }
    .into_any()
}

fn row(session: SessionInfo, now: i64) -> AnyView {
    // The script keeps the element of a session when the list changes.
    let id = format!("guardian-session-{}", session.handle);
    let device = match (session.browser, session.system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => "Unknown device".to_owned(),
    };
    let button = if session.is_current {
        view! { <SignOutButton label="Sign out on this device">"Sign out"</SignOutButton> }
            .into_any()
    } else {
        let label = format!("End the session: {device}");
        view! {
            <SignOutButton session=session.handle redirect=false label>"End"</SignOutButton>
        }
        .into_any()
    };
    let badge = session
        .is_current
        .then(|| view! { " "<span class="guardian-badge">"This device"</span> });
    view! {
        <li id=id>
            <div class="guardian-session">
                <div><strong dir="auto">{device}</strong>{badge}</div>
                <div class="guardian-details">
                    {session.location.map(|location| view! { <bdi>{location}</bdi>" · " })}
                    {session.ip.map(|ip| format!("{ip} · "))}
                    "Active "{relative_time(session.last_seen_at, now)}
                    " · Signed in "{relative_time(session.created_at, now)}
                    " with "{session.method}
                </div>
            </div>
            {button}
        </li>
    }
    .into_any()
}

/// Says that the list could not be loaded. An empty list would say that there are no other sessions.
fn not_loaded(error: &AuthError) -> AnyView {
    view! {
        <p class="guardian-failure" role="alert">
            "The list of your sessions could not be loaded. "{error.to_string()}" "
            // Not for the router: it is this page.
            <a class="guardian-link" href="" rel="external">"Try again"</a>
        </p>
    }
    .into_any()
}

/// Returns the query with one parameter set to another value, or removed, and the others unchanged.
fn with_query_parameter(search: &str, name: &str, value: Option<String>) -> String {
    let mut fields = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
    let query = search.strip_prefix('?').unwrap_or(search);
    for (key, old_value) in form_urlencoded::parse(query.as_bytes()) {
        if key != name {
            fields.append_pair(&key, &old_value);
        }
    }
    if let Some(value) = value {
        fields.append_pair(name, &value);
    }
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::with_query_parameter;

    #[test]
    fn one_parameter_changes_and_the_others_stay() {
        for (search, next, expected) in [
            ("", Some("2"), "?after=2"),
            ("?after=1", Some("2"), "?after=2"),
            ("?tab=a+b&after=1&after=0", Some("2"), "?tab=a+b&after=2"),
            ("?tab=1&after=1", None, "?tab=1"),
            ("?after=1", None, "?"),
        ] {
            let next = next.map(String::from);
            assert_eq!(with_query_parameter(search, "after", next), expected);
        }
    }
}
