//! The parts of a form. A form works without JavaScript, and after an error it has what was typed.
//!
//! They have these classes for the app's stylesheet: `field` (a label, an input and a `small`
//! hint), `notice failure`, and `button primary`.

use crate::{Flash, check_field};
use leptos::prelude::*;
use leptos_guardian::use_callback_url;
use leptos_router::location::Url;

/// A hidden field that passes the page's `callback_url` on with its form.
#[component]
pub fn CallbackUrl() -> impl IntoView {
    use_callback_url()
        .map(|url| view! { <input type="hidden" name="callback_url" value=url/> }.into_any())
}

/// Adds the page's `callback_url` to a path, so that links between sign-up and sign-in keep it.
pub fn with_callback_url(path: &str) -> String {
    match use_callback_url() {
        Some(url) => format!("{path}?callback_url={}", Url::escape(&url)),
        None => path.to_owned(),
    }
}

/// Says above a form's fields why it was not accepted.
#[component]
pub fn FormAlert(
    /// The form's flash message.
    flash: Flash,
) -> impl IntoView {
    (!flash.alert.is_empty()).then(|| {
        view! { <p class="notice failure" role="alert" id="form-error">{flash.alert}</p> }
            .into_any()
    })
}

/// One labelled field of a form. After an error it has what was typed, unless it is a password.
///
/// # Panics
///
/// On the server, if it is of the kind `password` and its name does not contain `password`: the
/// flash message keeps what was typed into every other field.
#[component]
pub fn Field(
    /// What a person calls it.
    label: &'static str,
    /// What the server calls it. The name of a secret field contains `password`.
    name: &'static str,
    /// What a password manager calls it
    /// ([autofill field names](https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill-field)).
    autocomplete: &'static str,
    /// The input's type.
    #[prop(default = "text")]
    kind: &'static str,
    /// Shown below the input.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// In characters.
    #[prop(optional)]
    minlength: Option<u16>,
    /// In characters.
    #[prop(optional)]
    maxlength: Option<u16>,
    /// Whether the form needs it.
    #[prop(default = true)]
    required: bool,
    /// The form's flash message. It has what was typed, and its error may be about this field.
    flash: Flash,
) -> impl IntoView {
    check_field(kind, name);
    let is_wrong = flash.field == name;
    let hint_id = hint.map(|_| format!("{name}-hint"));
    let described_by = match (is_wrong, &hint_id) {
        (true, Some(hint)) => Some(format!("form-error {hint}")),
        (true, None) => Some("form-error".to_owned()),
        (false, hint) => hint.clone(),
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                id=name
                type=kind
                name=name
                value=flash.typed(name)
                autocomplete=autocomplete
                minlength=minlength
                maxlength=maxlength
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=described_by
                required=required
            />
            {hint.map(|hint| view! { <small id=hint_id>{hint}</small> }.into_any())}
        </div>
    }
}

/// Tells password managers whose password the form is about. It is not shown and not sent.
/// ([Chromium's advice](https://www.chromium.org/developers/design-documents/create-amazing-password-forms/))
#[component]
pub fn UsernameHint(
    /// The address with which the user signs in.
    username: String,
) -> impl IntoView {
    view! { <input type="text" autocomplete="username" value=username hidden/> }
}

/// A form that a double click does not send twice: the library's script on the page ignores a second press for five
/// seconds, and marks the button with `aria-busy` meanwhile.
#[component]
pub fn PlainForm(
    /// The path of the server function.
    action: &'static str,
    /// What the button says.
    submit: &'static str,
    /// The fields.
    children: Children,
) -> impl IntoView {
    view! {
        <form method="post" action=action data-guardian-once="">
            {children()}
            <button class="button primary" type="submit">{submit}</button>
        </form>
    }
}
