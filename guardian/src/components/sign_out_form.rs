use crate::{
    SessionHandle, SignOutError, SignOutOptions, SignOutScope, api::PostSignOut, client::sign_out,
};
use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn as _, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlFormElement};

/// Where a sign-out stands.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    step: RwSignal<Step>,
    /// Why the last try failed. Stays while the next one is under way, and with it the
    /// button that has the focus.
    failure: RwSignal<Option<SignOutError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Idle,
    Pending,
    /// Done, and the page stays.
    Done(SignOutScope),
}

impl Progress {
    pub(super) fn new(failure: Option<SignOutError>) -> Self {
        Self {
            step: RwSignal::new(Step::Idle),
            failure: RwSignal::new(failure),
        }
    }

    pub(super) fn is_pending(self) -> bool {
        self.step.get() == Step::Pending
    }

    /// The form may be gone by now, with the signed-in state; then nobody needs to know.
    fn finish(self, step: Step, failure: Option<SignOutError>) {
        self.step.try_set(step);
        self.failure.try_set(failure);
    }
}

/// The form behind every sign-out: a plain POST, which the hydrated page sends by itself. The
/// fields are read from the form, so both ways send the same.
#[component]
pub(super) fn SignOutForm(
    /// Pending and failed states, for the button inside.
    progress: Progress,
    /// The session that the scope is seen from, instead of this one.
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
        if progress.step.get_untracked() == Step::Pending {
            return;
        }
        let Some(options) = read_options(&form) else {
            return;
        };
        progress.step.set(Step::Pending);
        spawn_local(async move {
            let (scope, stays) = (options.scope, !options.redirect);
            match sign_out(options).await {
                Ok(_) if stays => progress.finish(Step::Done(scope), None),
                // Pending until the next page is there.
                Ok(_) => {}
                Err(error) => progress.finish(Step::Idle, Some(error)),
            }
        });
    };
    view! {
        <form class="guardian-form" method="post" action=PostSignOut::PATH on:submit=on_submit>
            {session.map(|session| view! {
                <input type="hidden" name="session" value=session.to_string()/>
            })}
            {callback_url.map(|url| view! { <input type="hidden" name="callback_url" value=url/> })}
            {(!redirect).then(|| view! { <input type="hidden" name="redirect" value="false"/> })}
            {children()}
            <div class="guardian-message" role="status">
                {move || match progress.step.get() {
                    Step::Idle => None,
                    Step::Pending => Some("Signing out…"),
                    Step::Done(SignOutScope::Others) => Some("Signed out everywhere else."),
                    Step::Done(_) => Some("Signed out."),
                }}
            </div>
            <div class="guardian-message guardian-failure" role="alert">
                {move || progress.failure.get().map(|error| view! {
                    <span>{error.to_string()}</span>
                    <button type="submit" class="guardian-link">"Try again"</button>
                })}
            </div>
        </form>
    }
    // Erased: its type would be part of the type of every page that holds it.
    .into_any()
}

fn read_options(form: &HtmlFormElement) -> Option<SignOutOptions> {
    let fields = FormData::new_with_form(form).ok()?;
    let field = |name| fields.get(name).as_string().filter(|text| !text.is_empty());
    Some(SignOutOptions {
        scope: match field("scope") {
            Some(scope) => scope.parse().ok()?,
            None => Default::default(),
        },
        session: field("session").as_deref().map(SessionHandle::from),
        redirect: field("redirect").as_deref() != Some("false"),
        callback_url: field("callback_url"),
    })
}
