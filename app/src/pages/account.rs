use crate::{
    api::PostChangePassword,
    parts::{Field, FormAlert, PlainForm, use_flash},
};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireSignedIn, SignOutButton, SignOutScope, use_auth};
use leptos_meta::Title;

#[component]
pub(crate) fn Account() -> impl IntoView {
    view! {
        <Title text="Your account"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Your account"</h1>
            <Profile/>
            <ChangePassword/>
            <section class="card">
                <h2>"Sign out"</h2>
                <div class="actions">
                    <SignOutButton/>
                    <SignOutButton scope=SignOutScope::Others redirect=false>
                        "Sign out everywhere else"
                    </SignOutButton>
                    <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
                </div>
            </section>
        </RequireSignedIn>
    }
}

#[component]
fn Profile() -> impl IntoView {
    let auth = use_auth();
    let profile = move || auth.with(|auth| auth.user().map(|user| user.profile.clone()));
    view! {
        <section class="card">
            <h2>"Profile"</h2>
            {move || profile().map(|profile| view! {
                <dl>
                    <div><dt>"Name"</dt><dd>{profile.name}</dd></div>
                    <div><dt>"Email"</dt><dd>{profile.email}</dd></div>
                </dl>
            })}
        </section>
    }
}

#[component]
fn ChangePassword() -> impl IntoView {
    let flash = use_flash();
    let is_done = flash.as_ref().is_some_and(|flash| flash.error.is_none());
    view! {
        <section class="card">
            <h2>"Change password"</h2>
            {is_done.then(|| view! {
                <p class="notice" role="status">
                    "Your password is changed, and you are signed out everywhere else."
                </p>
            })}
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostChangePassword::PATH submit="Change password">
                <Field
                    label="Current password"
                    name="current_password"
                    kind="password"
                    autocomplete="current-password"
                    flash=flash.clone()
                />
                <Field
                    label="New password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="8 to 256 characters. Your other sessions will end."
                    minlength=8
                    maxlength=256
                    flash=flash
                />
            </PlainForm>
        </section>
    }
}
