use crate::api::{FormError, PostConfirm};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireSignedIn, use_auth};
use leptos_guardian_passwords::{CallbackUrl, Field, Flash, FormAlert, PlainForm, use_flash};
use leptos_meta::Title;

/// Asks a signed-in user for the password again, then leads on.
#[component]
pub(crate) fn Confirm() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostConfirm::PATH);
    view! {
        <Title text="Confirm that it is you"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <section class="card sheet">
                <h1>"Confirm that it is you"</h1>
                <ConfirmForm flash=flash.clone()/>
            </section>
        </RequireSignedIn>
    }
}

#[component]
fn ConfirmForm(flash: Flash) -> impl IntoView {
    let auth = use_auth();
    let email = move || auth.with(|auth| auth.user().and_then(|user| user.profile.email.clone()));
    view! {
        <p>
            "You are signed in as "<strong>{move || email()}</strong>
            ". That was some time ago, and what comes next is important. Please enter your password again."
        </p>
        <FormAlert flash=flash.clone()/>
        <PlainForm action=PostConfirm::PATH submit="Confirm">
            <CallbackUrl/>
            <Field
                label="Password"
                name="password"
                kind="password"
                autocomplete="current-password"
                flash=flash
            />
        </PlainForm>
    }
}
