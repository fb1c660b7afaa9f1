use crate::api::{FormError, PostChangeEmail, RECENT};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireRecent, RequireSignedIn};
use leptos_guardian_passwords::{Field, FormAlert, PlainForm, use_flash};
use leptos_meta::Title;

/// For a user who has just proved who they are: an address decides who gets into the account.
#[component]
pub(crate) fn ChangeEmail() -> impl IntoView {
    view! {
        <Title text="Change your e-mail address"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <RequireRecent max_age=RECENT confirm_url="/confirm">
                <ChangeEmailForm/>
            </RequireRecent>
        </RequireSignedIn>
    }
}

#[component]
fn ChangeEmailForm() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostChangeEmail::PATH);
    view! {
        <section class="card sheet">
            <h1>"Change your e-mail address"</h1>
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostChangeEmail::PATH submit="Change e-mail address">
                <Field label="New email" name="email" kind="email" autocomplete="email" flash=flash/>
            </PlainForm>
            <p class="aside"><a href="/account">"Back to your account"</a></p>
        </section>
    }
}
