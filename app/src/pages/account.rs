use crate::api::{FormError, PostChangeEmail, PostChangePassword, PostDeleteAccount};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireSignedIn, SignOutButton, SignOutScope, use_auth};
use leptos_guardian_passwords::{Field, Flash, FormAlert, PlainForm, use_flash};
use leptos_meta::Title;

#[component]
pub(crate) fn Account() -> impl IntoView {
    let flash = use_flash::<FormError>();
    let changed = flash.for_form(PostChangePassword::PATH);
    let not_deleted = flash.for_form(PostDeleteAccount::PATH);
    view! {
        <Title text="Your account"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Your account"</h1>
            <Profile flash=flash.for_form(PostChangeEmail::PATH)/>
            <ChangePassword flash=changed.clone()/>
            <section class="card setting">
                <h2>"Sign out"</h2>
                <p><a href="/account/sessions">"Where you are signed in"</a></p>
                <div class="actions">
                    <SignOutButton/>
                    <SignOutButton scope=SignOutScope::Others redirect=false>
                        "Sign out everywhere else"
                    </SignOutButton>
                    <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
                </div>
            </section>
            <DeleteAccount flash=not_deleted.clone()/>
        </RequireSignedIn>
    }
}

#[component]
fn Profile(flash: Flash) -> impl IntoView {
    let auth = use_auth();
    let profile = move || auth.with(|auth| auth.user().map(|user| user.profile.clone()));
    view! {
        <section class="card setting">
            <h2>"Profile"</h2>
            {flash.is_accepted().then(|| view! {
                <p class="notice" role="status">"Your e-mail address is changed."</p>
            }.into_any())}
            {move || profile().map(|profile| view! {
                <dl>
                    <div><dt>"Name"</dt><dd>{profile.name}</dd></div>
                    <div><dt>"Email"</dt><dd>{profile.email}</dd></div>
                </dl>
            }.into_any())}
            <p class="aside"><a href="/account/email">"Change your e-mail address"</a></p>
        </section>
    }
}

#[component]
fn ChangePassword(flash: Flash) -> impl IntoView {
    view! {
        <section class="card setting">
            <h2>"Change password"</h2>
            {flash.is_accepted().then(|| view! {
                <p class="notice" role="status">
                    "Your password is changed, and you are signed out everywhere else."
                </p>
            }.into_any())}
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
                    hint="8 to 256 characters, and hard to guess. Your other sessions will end."
                    minlength=8
                    maxlength=256
                    flash=flash
                />
            </PlainForm>
        </section>
    }
}

#[component]
fn DeleteAccount(flash: Flash) -> impl IntoView {
    view! {
        <section class="card setting danger">
            <h2>"Delete account"</h2>
            <p>"Your account is gone for good, and you are signed out on every device."</p>
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostDeleteAccount::PATH submit="Delete account">
                <Field
                    label="Your password"
                    name="confirm_password"
                    kind="password"
                    autocomplete="current-password"
                    flash=flash
                />
            </PlainForm>
        </section>
    }
}
