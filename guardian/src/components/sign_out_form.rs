use crate::{SignOutError, SignOutOptions, api::PostSignOut, client::sign_out};
use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn as _, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlFormElement};

/// Where a sign-out stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    #[default]
    Idle,
    Pending,
    Failed(SignOutError),
}

/// The form behind every sign-out: a plain POST, which the hydrated page sends by itself. The
/// fields are read from the form, so both ways send the same.
#[component]
pub(super) fn SignOutForm(
    /// Pending and failed states, for the button inside.
    progress: RwSignal<Progress>,
    #[prop(into)] callback_url: Option<String>,
    #[prop(default = true)] redirect: bool,
    children: Children,
) -> impl IntoView {
    let on_submit = move |submit: SubmitEvent| {
        let Some(form) = submit.target().and_then(|form| form.dyn_into().ok()) else {
            return;
        };
        submit.prevent_default();
        if progress.get_untracked() == Progress::Pending {
            return;
        }
        let Some(options) = read_options(&form) else {
            return;
        };
        progress.set(Progress::Pending);
        spawn_local(async move {
            let stays = !options.redirect;
            match sign_out(options).await {
                // Pending until the next page is there. The form may be gone with the state.
                Ok(_) if stays => drop(progress.try_set(Progress::Idle)),
                Ok(_) => {}
                Err(error) => drop(progress.try_set(Progress::Failed(error))),
            }
        });
    };
    view! {
        <form class="guardian-form" method="post" action=PostSignOut::PATH on:submit=on_submit>
            {callback_url.map(|url| view! { <input type="hidden" name="callback_url" value=url/> })}
            {(!redirect).then(|| view! { <input type="hidden" name="redirect" value="false"/> })}
            {children()}
            <div class="guardian-message" role="status">
                {move || (progress.get() == Progress::Pending).then_some("Signing out…")}
            </div>
            <div class="guardian-message guardian-failure" role="alert">
                {move || match progress.get() {
                    Progress::Failed(error) => Some(view! {
                        <span>{error.to_string()}</span>
                        <button type="submit" class="guardian-link">"Try again"</button>
                    }),
                    Progress::Idle | Progress::Pending => None,
                }}
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
        redirect: field("redirect").as_deref() != Some("false"),
        callback_url: field("callback_url"),
    })
}
