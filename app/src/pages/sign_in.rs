use super::{Sheet, account::email};
use crate::api::{FormError, PostConfirm, PostDeleteAccount, PostSignIn};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireSignedIn, use_sign_out_reason};
use leptos_guardian_passwords::{
    CallbackUrl, Field, FormAlert, PlainForm, StaySignedIn, UsernameHint, use_flash,
    with_callback_url,
};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let flash = use_flash::<FormError>();
    let is_deleted = flash.for_form(PostDeleteAccount::PATH).is_accepted();
    let flash = flash.for_form(PostSignIn::PATH);
    view! {
        <Sheet title="Sign in">
            {is_deleted.then(|| view! {
                <p class="notice" role="status">"Your account is deleted."</p>
            }.into_any())}
            {use_sign_out_reason().map(|reason| view! {
                <p class="notice" role="status">{reason.to_string()}" Sign in to go on."</p>
            }.into_any())}
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostSignIn::PATH submit="Sign in">
                <CallbackUrl/>
                <Field label="Email" name="email" kind="email" autocomplete="username" flash=flash.clone()/>
                <Field label="Password" name="password" kind="password" autocomplete="current-password" flash=flash.clone()/>
                <StaySignedIn flash/>
            </PlainForm>
            <p class="aside">"New here? "<a href=with_callback_url("/sign-up")>"Sign up"</a></p>
        </Sheet>
    }
}

/// Asks a signed-in user for the password again, then leads on.
#[component]
pub(crate) fn Confirm() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <Sheet title="Confirm that it is you">
                <ConfirmForm/>
            </Sheet>
        </RequireSignedIn>
    }
}

#[component]
fn ConfirmForm() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostConfirm::PATH);
    let email = email();
    view! {
        <p>
            "You are signed in as "<strong>{email.clone()}</strong>
            ". That was some time ago, and what comes next is important. Please enter your password again."
        </p>
        <FormAlert flash=flash.clone()/>
        <PlainForm action=PostConfirm::PATH submit="Confirm">
            <CallbackUrl/>
            <UsernameHint username=email/>
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
