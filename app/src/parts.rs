//! What several pages share.

use crate::{flash::Flash, take_flash};
use leptos::prelude::*;
use leptos_guardian::{SignedIn, SignedOut, UserButton};
use leptos_router::{components::A, hooks::use_query_map, location::Url};

/// The top of every page: home, and who is signed in.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="top">
            <A href="/" attr:class="brand">"Starter"</A>
            <nav aria-label="Account">
                <SignedIn>
                    <UserButton show_name=true manage_url="/account"/>
                </SignedIn>
                <SignedOut>
                    <a href="/sign-in">"Sign in"</a>
                    <a class="button primary" href="/sign-up">"Sign up"</a>
                </SignedOut>
            </nav>
        </header>
    }
}

/// The note that the last form left for this page. Read once per page: it is gone then.
pub(crate) fn use_flash() -> Option<Flash> {
    SharedValue::new(take_flash).into_inner()
}

/// The page's `callback_url`, to be passed on by its form.
#[component]
pub(crate) fn CallbackUrl() -> impl IntoView {
    callback_url().map(|url| view! { <input type="hidden" name="callback_url" value=url/> })
}

/// A link to the other of sign-up and sign-in, which keeps the `callback_url`.
pub(crate) fn with_callback_url(path: &str) -> String {
    match callback_url() {
        Some(url) => format!("{path}?callback_url={}", Url::escape(&url)),
        None => path.to_owned(),
    }
}

fn callback_url() -> Option<String> {
    use_query_map().get_untracked().get("callback_url")
}

/// Why the form was not accepted, above its fields.
#[component]
pub(crate) fn FormAlert(flash: Option<Flash>) -> impl IntoView {
    flash.and_then(|flash| flash.error).map(|error| {
        view! { <p class="notice failure" role="alert" id="form-error">{error.to_string()}</p> }
    })
}

/// One labelled field of a form.
#[component]
pub(crate) fn Field(
    /// What a person calls it.
    label: &'static str,
    /// What the server calls it.
    name: &'static str,
    /// What a password manager calls it
    /// ([autofill field names](https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill-field)).
    autocomplete: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(optional)] minlength: Option<u16>,
    #[prop(optional)] maxlength: Option<u16>,
    /// The note whose error may be about this field.
    flash: Option<Flash>,
) -> impl IntoView {
    let error = flash.and_then(|flash| flash.error);
    let is_wrong = error.is_some_and(|error| error.field() == Some(name));
    let hint_id = hint.map(|_| format!("{name}-hint"));
    let described_by = [is_wrong.then(|| "form-error".to_owned()), hint_id.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type=kind
                name=name
                value=value
                autocomplete=autocomplete
                minlength=minlength
                maxlength=maxlength
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=(!described_by.is_empty()).then_some(described_by)
                required
            />
            {hint.map(|hint| view! { <small id=hint_id>{hint}</small> })}
        </label>
    }
}

/// A form whose button cannot be pressed twice.
#[component]
pub(crate) fn PlainForm(
    action: &'static str,
    /// What the button says.
    submit: &'static str,
    children: Children,
) -> impl IntoView {
    let is_pending = RwSignal::new(false);
    view! {
        <form method="post" action=action on:submit=move |_| is_pending.set(true)>
            {children()}
            <button
                class="button primary"
                type="submit"
                disabled=move || is_pending.get()
                aria-busy=move || is_pending.get().then_some("true")
            >
                {submit}
            </button>
        </form>
    }
}
