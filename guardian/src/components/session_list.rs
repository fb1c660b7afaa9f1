use super::{SignOutButton, relative_time::RelativeTime};
use crate::{
    AuthError, Reason, SessionInfo, SignOutScope,
    client::{follow_sessions, recheck},
    on_signed_out,
    platform::{list_sessions, now},
    query::{use_query_parameter, with_query_parameter},
    session_info::Listed,
};
use leptos::{ev::MouseEvent, html, prelude::*};
use leptos_router::hooks::use_location;
use std::time::Duration;

/// The parameter of the page's address that says after which place the list begins.
const AFTER: &str = "after";

/// The list's place on the page.
const ID: &str = "guardian-sessions";

/// How often "5 minutes ago" is counted anew.
const TICK: Duration = Duration::from_secs(30);

/// Where the user is signed in: this session first, then by last use, each with a button that
/// ends it; below, the buttons for everywhere else and everywhere. Follows what other tabs
/// and devices do. For pages that need a signed-in user.
///
/// Shows 50 sessions, and a link to the next ones: this page again, with the place in its
/// address, as `after`. Inside a `<Router>` only.
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
    // The button that was pressed goes with its line: what it did is said, and the focus kept,
    // in a place that stays.
    let message = RwSignal::new(None);
    let region = NodeRef::<html::Div>::new();
    on_signed_out(move |event| {
        if event.is_current {
            return;
        }
        if event.reason == Reason::User {
            let words = match event.scope {
                SignOutScope::Others => "You are signed out everywhere else.",
                _ => "The session has ended.",
            };
            message.set(Some(words.to_owned()));
            if let Some(region) = region.get_untracked() {
                let _ = region.focus();
            }
        }
    });
    let after = use_query_parameter(AFTER).filter(|after| !after.is_empty());
    let search = use_location().search.get_untracked();
    let list = {
        let after = after.clone();
        move |listed| list(listed, after, search)
    };
    view! {
        <section class="guardian-sessions" id=ID aria-label="Where you are signed in">
            // Never hidden: what is cannot take the focus.
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
    // Erased: its type would be part of the type of every page that holds it.
    .into_any()
}

/// One page of the list.
fn list(listed: RwSignal<Option<Listed>>, after: Option<String>, search: String) -> AnyView {
    let failure = move || listed.with(|listed| listed.as_ref()?.0.as_ref().err().cloned());
    let lines = move || match listed.get() {
        Some((Ok(page), asked_at)) => {
            let sessions = page.sessions.into_iter();
            sessions.map(|one| (one, asked_at)).collect()
        }
        Some((Err(_), _)) | None => Vec::new(),
    };
    let is_empty = move || {
        listed.with(|listed| matches!(listed, Some((Ok(page), _)) if page.sessions.is_empty()))
    };
    let next = move || listed.with(|listed| listed.as_ref()?.0.as_ref().ok()?.next.clone());
    let passed = ticking();
    let first = after
        .is_some()
        .then(|| link(&search, "Back to the first", None));
    follow_sessions(listed, after);
    view! {
        {move || listed.with(Option::is_none).then(|| view! {
            <p role="status">"Loading…"</p>
        }.into_any())}
        {move || failure().map(|error| view! { <NotLoaded error/> }.into_any())}
        {first}
        <ul class="guardian-lines">
            <For
                each=lines
                key=|(session, _)| (session.handle.clone(), session.last_seen_at)
                children=move |(session, asked_at)| view! { <Line session asked_at passed/> }
            />
        </ul>
        {move || is_empty().then(|| view! { <p>"No more sessions."</p> }.into_any())}
        <div class="guardian-actions" role="group">
            {move || next().map(|next| link(&search, "Show more", Some(next.0)))}
        </div>
    }
    .into_any()
}

/// A link to another page of the list. It is loaded as a new document, so that the one page that
/// is shown can be kept true.
fn link(search: &str, label: &'static str, after: Option<String>) -> AnyView {
    let address = with_query_parameter(search, AFTER, after);
    view! {
        // To the list, so that a keyboard goes on from there.
        <a class="guardian-button" rel="external" href=format!("{address}#{ID}")>{label}</a>
    }
    .into_any()
}

/// How many seconds the page is there.
fn ticking() -> RwSignal<i64> {
    let passed = RwSignal::new(0);
    Effect::new(move |_| {
        let start = now();
        let tick = move || passed.set(now() - start);
        if let Ok(ticking) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || ticking.clear());
        }
    });
    passed
}

#[component]
fn Line(
    session: SessionInfo,
    /// When it was asked, by the clock of who asked, in seconds since the Unix epoch.
    asked_at: i64,
    /// Seconds that go on from there.
    passed: RwSignal<i64>,
) -> impl IntoView {
    let from = passed.get_untracked();
    let now = Signal::derive(move || asked_at + passed.get() - from);
    let device = match (session.browser, session.system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one,
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

/// The list could not be loaded. Never shown as empty: that would say that nobody else is in.
#[component]
fn NotLoaded(error: AuthError) -> impl IntoView {
    let on_click = |click: MouseEvent| {
        click.prevent_default();
        recheck();
    };
    view! {
        <p class="guardian-failure" role="alert">
            "The list of your sessions could not be loaded. "{error.to_string()}" "
            // Without JavaScript the page is loaded again.
            <a class="guardian-link" href="" on:click=on_click>"Try again"</a>
        </p>
    }
}
