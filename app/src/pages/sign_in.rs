use crate::api::{FormError, PostSignIn};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::use_sign_out_reason;
use leptos_guardian_passwords::{
    CallbackUrl, Field, FormAlert, PlainForm, StaySignedIn, use_flash, with_callback_url,
};
use leptos_meta::Title;

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostSignIn::PATH);
    view! {
        <Title text="Sign in"/>
        <section class="card sheet">
            <h1>"Sign in"</h1>
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
        </section>
    }
}
