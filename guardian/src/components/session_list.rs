use super::{SignOutButton, relative_time::RelativeTime};
use crate::{
    AuthError, Reason, SessionInfo, SignOutScope,
    client::{follow_sessions, refresh_lists},
    on_signed_out,
    platform::{list_sessions, now},
    query::{use_query_parameter, with_query_parameter},
    session_info::Listed,
};
use leptos::{ev::MouseEvent, html, prelude::*};
use leptos_router::hooks::use_location;
use std::time::Duration;

/// The query parameter with the cursor after which the list begins.
const AFTER: &str = "after";

/// The id of the list's element.
const ID: &str = "guardian-sessions";

/// How often relative times, such as "5 minutes ago", are updated.
const TICK: Duration = Duration::from_secs(30);

/// Where the user is signed in: this session first, then by last use. Each session has a button that
/// ends it. Below are "Sign out everywhere else" and "Sign out everywhere". The list follows what
/// other tabs and devices do. For pages that need a signed-in user.
///
/// Shows 50 sessions and a link to the next ones: this page again, with the query parameter `after`.
/// Inside a `<Router>` only.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{RequireSignedIn, SessionList};
///
/// #[component]
/// fn Sessions() -> impl IntoView {
///     view! {
///         <RequireSignedIn sign_in_url="/sign-in">
///             <h1>"Where you are signed in"</h1>
///             <SessionList/>
///         </RequireSignedIn>
///     }
/// }
/// ```
#[component]
pub fn SessionList() -> impl IntoView {
    // A pressed button disappears with its row. This region stays: it says what happened, and takes
    // the focus.
    let message = RwSignal::new(None);
    let region = NodeRef::<html::Div>::new();
    on_signed_out(move |event| {
        if event.is_current {
            return;
        }
        if event.reason == Reason::User {
            let text = match event.scope {
                SignOutScope::Others => "You are signed out everywhere else.",
                _ => "The session has ended.",
            };
            message.set(Some(text.to_owned()));
            if let Some(region) = region.get_untracked() {
                let _ = region.focus();
            }
        }
    });
    let after = use_query_parameter(AFTER).filter(|after| !after.is_empty());
    let search = use_location().search.get_untracked();
    let list = {
        let after = after.clone();
        move |listed| page_of_list(listed, after, search)
    };
    view! {
        <section class="guardian-sessions" id=ID aria-label="Where you are signed in">
            // Never hidden: a hidden element cannot take the focus.
            <div role="status" tabindex="-1" node_ref=region>
                {move || message.get().map(|message| view! { <p>{message}</p> }.into_any())}
            </div>
            {list_sessions(after, list)}
            <div class="guardian-actions">
                <SignOutButton scope=SignOutScope::Others redirect=false>
                    "Sign out everywhere else"
                </SignOutButton>
                <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
            </div>
        </section>
    }
    // Erased, because its type would be part of the type of every page that contains it.
    .into_any()
}

fn page_of_list(
    listed: RwSignal<Option<Listed>>,
    after: Option<String>,
    search: String,
) -> AnyView {
    let failure = move || listed.with(|listed| listed.as_ref()?.0.as_ref().err().cloned());
    let rows = move || match listed.get() {
        Some((Ok(page), read_at)) => {
            let sessions = page.sessions.into_iter();
            sessions.map(|session| (session, read_at)).collect()
        }
        Some((Err(_), _)) | None => Vec::new(),
    };
    let is_empty = move || {
        listed.with(|listed| matches!(listed, Some((Ok(page), _)) if page.sessions.is_empty()))
    };
    let next = move || listed.with(|listed| listed.as_ref()?.0.as_ref().ok()?.next.clone());
    let elapsed = elapsed_seconds();
    let first = after
        .is_some()
        .then(|| page_link(&search, "Back to the first", None));
    follow_sessions(listed, after);
    view! {
        {move || listed.with(Option::is_none).then(|| view! {
            <p role="status">"Loading…"</p>
        }.into_any())}
        {move || failure().map(|error| view! { <NotLoaded error/> }.into_any())}
        {first}
        <ul class="guardian-lines">
            <For
                each=rows
                key=|(session, _)| (session.handle.clone(), session.last_seen_at)
                children=move |(session, read_at)| view! { <Row session read_at elapsed/> }
            />
        </ul>
        {move || is_empty().then(|| view! { <p>"No more sessions."</p> }.into_any())}
        <div class="guardian-actions" role="group">
            {move || next().map(|next| page_link(&search, "Show more", Some(next.0)))}
        </div>
    }
    .into_any()
}

/// A link to another page of the list. It loads a new document, so that only one page of the list has
/// to be kept up to date.
fn page_link(search: &str, label: &'static str, after: Option<String>) -> AnyView {
    let query = with_query_parameter(search, AFTER, after);
    view! {
        // To the list's element, so that keyboard users continue there.
        <a class="guardian-button" rel="external" href=format!("{query}#{ID}")>{label}</a>
    }
    .into_any()
}

/// Counts the seconds since the page was hydrated, in steps of [`TICK`].
fn elapsed_seconds() -> RwSignal<i64> {
    let elapsed = RwSignal::new(0);
    Effect::new(move |_| {
        let start = now();
        let tick = move || elapsed.set(now() - start);
        if let Ok(interval) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || interval.clear());
        }
    });
    elapsed
}

#[component]
fn Row(
    session: SessionInfo,
    /// When the list was read, in seconds since the Unix epoch, by the clock of the reader: the server
    /// or the browser.
    read_at: i64,
    /// The seconds since the page was hydrated.
    elapsed: RwSignal<i64>,
) -> impl IntoView {
    let start = elapsed.get_untracked();
    let now = Signal::derive(move || read_at + elapsed.get() - start);
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
    view! {
        <li>
            <div class="guardian-session">
                <div>
                    <strong dir="auto">{device}</strong>
                    {session.is_current.then(|| view! {
                        " "<span class="guardian-badge">"This device"</span>
                    }.into_any())}
                </div>
                <div class="guardian-details">
                    {session.ip.map(|ip| format!("{ip} · "))}
                    "Active "<RelativeTime time=session.last_seen_at now/>
                    " · Signed in "<RelativeTime time=session.created_at now/>
                    " with "{session.method}
                </div>
            </div>
            {button}
        </li>
    }
}

/// Says that the list could not be loaded. An empty list would say that there are no other sessions.
#[component]
fn NotLoaded(error: AuthError) -> impl IntoView {
    let on_click = |click: MouseEvent| {
        click.prevent_default();
        refresh_lists();
    };
    view! {
        <p class="guardian-failure" role="alert">
            "The list of your sessions could not be loaded. "{error.to_string()}" "
            // Without JavaScript, the link reloads the page.
            <a class="guardian-link" href="" on:click=on_click>"Try again"</a>
        </p>
    }
}
