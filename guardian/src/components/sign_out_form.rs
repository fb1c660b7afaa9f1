use crate::{
    SessionHandle, SignOutError, SignOutOptions, SignOutScope, api::PostSignOut, client::sign_out,
};
use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn as _, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlFormElement};

/// The progress of a sign-out, and what the form says about it.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    is_pending: RwSignal<bool>,
    status: RwSignal<Option<String>>,
    /// Why the last attempt failed. It stays during the next attempt, so that its retry button keeps
    /// the focus.
    failure: RwSignal<Option<String>>,
}

impl Progress {
    pub(super) fn new(failure: Option<SignOutError>) -> Self {
        Self {
            is_pending: RwSignal::new(false),
            status: RwSignal::new(None),
            failure: RwSignal::new(failure.map(|error| error.to_string())),
        }
    }

    pub(super) fn is_pending(self) -> bool {
        self.is_pending.get()
    }

    fn begin(self) {
        self.is_pending.set(true);
        self.status.set(Some("Signing out…".into()));
    }

    /// The form may be gone by now, together with the signed-in state. Then there is nothing to show.
    fn finish(self, outcome: Result<&str, SignOutError>) {
        self.is_pending.try_set(false);
        self.status
            .try_set(outcome.as_ref().ok().map(|done| (*done).into()));
        self.failure
            .try_set(outcome.err().map(|error| error.to_string()));
    }
}

/// The form behind every sign-out: a plain POST. The hydrated page sends it itself, with the fields
/// that it reads from the form, so both ways send the same.
#[component]
pub(super) fn SignOutForm(
    progress: Progress,
    /// The session that the scope refers to, instead of this one.
    #[prop(into)]
    session: Option<SessionHandle>,
    #[prop(into)] callback_url: Option<String>,
    #[prop(default = true)] redirect: bool,
    children: Children,
) -> impl IntoView {
    let on_submit = move |submit: SubmitEvent| {
        let Some(form) = submit.target().and_then(|form| form.dyn_into().ok()) else {
            return;
        };
        submit.prevent_default();
        if progress.is_pending.get_untracked() {
            return;
        }
        let Some(options) = read_options(&form) else {
            return;
        };
        progress.begin();
        spawn_local(async move {
            let stays = !options.redirect;
            let done = match options.scope {
                SignOutScope::Others => "Signed out everywhere else.",
                _ => "Signed out.",
            };
            match sign_out(options).await {
                Ok(_) if stays => progress.finish(Ok(done)),
                // It stays pending until the next page has loaded.
                Ok(_) => {}
                Err(error) => progress.finish(Err(error)),
            }
        });
    };
    view! {
        <form class="guardian-form" method="post" action=PostSignOut::PATH on:submit=on_submit>
            {session.map(|session| hidden_field("session", session.to_string()))}
            {callback_url.map(|url| hidden_field("callback_url", url))}
            {(!redirect).then(|| hidden_field("redirect", "false".into()))}
            {children()}
            <div class="guardian-message" role="status">
                {move || progress.status.get()}
            </div>
            <div class="guardian-message guardian-failure" role="alert">
                {move || progress.failure.get().map(|error| view! {
                    <span class="guardian-reason">{error}</span>
                    <button type="submit" class="guardian-link">"Try again"</button>
                }.into_any())}
            </div>
        </form>
    }
    // Erased, because its type would be part of the type of every page that contains it.
    .into_any()
}

pub(super) fn hidden_field(name: &'static str, value: String) -> AnyView {
    view! { <input type="hidden" name=name value=value/> }.into_any()
}

fn read_options(form: &HtmlFormElement) -> Option<SignOutOptions> {
    let fields = FormData::new_with_form(form).ok()?;
    SignOutOptions::from_fields(|name| fields.get(name).as_string())
}
