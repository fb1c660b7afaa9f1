//! Components that several pages share.

use crate::{NAME, flash::Flash};
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_guardian::{
    AuthState, MenuLink, SignedIn, SignedOut, UserButton, on_signed_out, use_auth, use_callback_url,
};
use leptos_router::location::Url;
use std::time::Duration;

/// The top of every page: home, and who is signed in.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="top">
            <a href="/" class="brand">{NAME}</a>
            <nav aria-label="Account">
                <SignedIn>
                    <UserButton show_name=true manage_url="/account" add_account_url="/sign-in">
                        <MenuLink href="/account/sessions">"Where you are signed in"</MenuLink>
                    </UserButton>
                </SignedIn>
                <SignedOut>
                    <a href="/sign-in">"Sign in"</a>
                    <a class="button primary" href="/sign-up">"Sign up"</a>
                </SignedOut>
            </nav>
        </header>
    }
}

/// Tells the user of this page that they were signed out, and why. Hidden while somebody is signed
/// in.
#[component]
pub(crate) fn SignedOutMessage() -> impl IntoView {
    let reason = RwSignal::new(None::<String>);
    on_signed_out(move |event| {
        if event.is_current {
            reason.set(Some(event.reason.to_string()));
        }
    });
    let auth = use_auth();
    let shown = move || reason.get().filter(|_| auth.get() == AuthState::SignedOut);
    view! {
        <div role="status">
            {move || shown().map(|reason| view! { <p class="notice">{reason}</p> }.into_any())}
        </div>
    }
}

/// A hidden field that passes the page's `callback_url` on with its form.
#[component]
pub(crate) fn CallbackUrl() -> impl IntoView {
    use_callback_url()
        .map(|url| view! { <input type="hidden" name="callback_url" value=url/> }.into_any())
}

/// Adds the page's `callback_url` to a path, so that links between sign-up and sign-in keep it.
pub(crate) fn with_callback_url(path: &str) -> String {
    match use_callback_url() {
        Some(url) => format!("{path}?callback_url={}", Url::escape(&url)),
        None => path.to_owned(),
    }
}

/// Says above a form's fields why it was not accepted.
#[component]
pub(crate) fn FormAlert(flash: Flash) -> impl IntoView {
    (!flash.alert.is_empty()).then(|| {
        view! { <p class="notice failure" role="alert" id="form-error">{flash.alert}</p> }
            .into_any()
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
    /// The flash message. Its error may be about this field.
    flash: Flash,
) -> impl IntoView {
    let is_wrong = flash.field == name;
    let hint_id = hint.map(|_| format!("{name}-hint"));
    let described_by = [is_wrong.then(|| "form-error".to_owned()), hint_id.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                id=name
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
            {hint.map(|hint| view! { <small id=hint_id>{hint}</small> }.into_any())}
        </div>
    }
}

/// How long the button ignores a second press, which is probably a slip. After that, the user has
/// probably stopped the page and tries again.
const DOUBLE_SUBMIT_WINDOW: Duration = Duration::from_secs(5);

/// A form that a double click does not send twice.
#[component]
pub(crate) fn PlainForm(
    action: &'static str,
    /// What the button says.
    submit: &'static str,
    children: Children,
) -> impl IntoView {
    let is_pending = RwSignal::new(false);
    let on_submit = move |submit: SubmitEvent| {
        if is_pending.get_untracked() {
            submit.prevent_default();
            return;
        }
        is_pending.set(true);
        set_timeout(move || is_pending.set(false), DOUBLE_SUBMIT_WINDOW);
    };
    view! {
        <form method="post" action=action on:submit=on_submit>
            {children()}
            <button
                class="button primary"
                type="submit"
                aria-busy=move || is_pending.get().then_some("true".to_owned())
            >
                {submit}
            </button>
        </form>
    }
}
