use crate::{
    api::PostSignIn,
    components::{CallbackUrl, Field, FormAlert, PlainForm, with_callback_url},
    flash::use_flash,
};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::use_sign_out_reason;
use leptos_meta::Title;

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let flash = use_flash().for_form(PostSignIn::PATH);
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
                <Field label="Email" name="email" kind="email" autocomplete="username" value=flash.email.clone() flash=flash.clone()/>
                <Field label="Password" name="password" kind="password" autocomplete="current-password" flash=flash/>
            </PlainForm>
            <p class="aside">"New here? "<a href=with_callback_url("/sign-up")>"Sign up"</a></p>
        </section>
    }
}
