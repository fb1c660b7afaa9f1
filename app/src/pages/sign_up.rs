use super::Sheet;
use crate::api::{FormError, PostSignUp};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian_passwords::{
    CallbackUrl, Field, FormAlert, PlainForm, StaySignedIn, use_flash, with_callback_url,
};

#[component]
pub(crate) fn SignUp() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostSignUp::PATH);
    view! {
        <Sheet title="Sign up">
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostSignUp::PATH submit="Sign up">
                <CallbackUrl/>
                <Field label="Name" name="name" autocomplete="name" maxlength=100 flash=flash.clone()/>
                <Field label="Email" name="email" kind="email" autocomplete="email" flash=flash.clone()/>
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="8 to 256 characters, and hard to guess"
                    minlength=8
                    maxlength=256
                    flash=flash.clone()
                />
                <StaySignedIn flash/>
            </PlainForm>
            <p class="aside">"Already have an account? "<a href=with_callback_url("/sign-in")>"Sign in"</a></p>
        </Sheet>
    }
}
