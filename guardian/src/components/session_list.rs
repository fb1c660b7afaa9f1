use super::{SignOutButton, time::Ago};
use crate::{AuthError, SessionInfo, SignOutScope, api, now, on_signed_out};
use leptos::{ev::MouseEvent, prelude::*};
use std::time::Duration;

/// How often "5 minutes ago" is counted anew.
const TICK: Duration = Duration::from_secs(30);

/// Where the user is signed in: this session first, then by last use, each with a button that
/// ends it; below, the buttons for everywhere else and everywhere. Follows what other tabs
/// and devices do. For pages that need a signed-in user.
///
/// The page's route should be rendered with `ssr=SsrMode::Async`: other modes send the list
/// after the page, and put it in its place with JavaScript.
#[component]
pub fn SessionList() -> impl IntoView {
    let sessions = Resource::new(|| (), |()| async { (api::sessions().await, now()) });
    on_signed_out(move |_| sessions.refetch());
    view! {
        <section class="guardian-sessions" aria-label="Where you are signed in">
            <Transition fallback=|| view! { <p role="status">"Loading…"</p> }>
                {move || sessions.get().map(|(found, asked_at)| match found {
                    Ok(sessions) => view! { <List sessions asked_at/> }.into_any(),
                    Err(error) => view! { <NotLoaded error retry=move || sessions.refetch()/> }.into_any(),
                })}
            </Transition>
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

#[component]
fn List(
    sessions: Vec<SessionInfo>,
    /// In seconds since the Unix epoch.
    asked_at: i64,
) -> impl IntoView {
    let now = RwSignal::new(asked_at);
    Effect::new(move |_| {
        let tick = move || now.update(|now| *now += TICK.as_secs() as i64);
        if let Ok(ticking) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || ticking.clear());
        }
    });
    view! {
        <ul>
            {sessions.into_iter().map(|session| view! { <Line session now/> }).collect_view()}
        </ul>
    }
}

#[component]
fn Line(session: SessionInfo, now: RwSignal<i64>) -> impl IntoView {
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
                    <strong>{device}</strong>
                    {session.is_current.then(|| view! {
                        " "<span class="guardian-badge">"This device"</span>
                    })}
                </div>
                <div>
                    {session.ip.map(|ip| view! { <span>{ip}</span>" · " })}
                    "Active "<Ago time=session.last_seen_at now/>
                    " · Signed in "<Ago time=session.created_at now/>
                    " with "{session.method}
                </div>
            </div>
            {button}
        </li>
    }
}

/// The list could not be loaded. Never shown as empty: that would say that nobody else is in.
#[component]
fn NotLoaded(error: AuthError, retry: impl Fn() + 'static) -> impl IntoView {
    let on_click = move |click: MouseEvent| {
        click.prevent_default();
        retry();
    };
    view! {
        <p class="guardian-failure" role="alert">
            "The list of your sessions could not be loaded. "{error.to_string()}" "
            // Without JavaScript the page is loaded again.
            <a class="guardian-link" href="" on:click=on_click>"Try again"</a>
        </p>
    }
}
