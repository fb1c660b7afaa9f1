use super::Sheet;
use crate::api::{FormError, PostChangeEmail, PostChangePassword, PostDeleteAccount, RECENT};
use leptos::{prelude::*, server_fn::ServerFn as _};
use leptos_guardian::{RequireRecent, RequireSignedIn, SignOutButton, SignOutScope, use_auth};
use leptos_guardian_passwords::{Field, Flash, FormAlert, PlainForm, UsernameHint, use_flash};
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
            <Setting title="Sign out">
                <p><a href="/account/sessions">"Where you are signed in"</a></p>
                <div class="actions">
                    <SignOutButton/>
                    <SignOutButton scope=SignOutScope::Others redirect=false>
                        "Sign out everywhere else"
                    </SignOutButton>
                    <SignOutButton scope=SignOutScope::Global>"Sign out everywhere"</SignOutButton>
                </div>
            </Setting>
            <DeleteAccount flash=not_deleted.clone()/>
        </RequireSignedIn>
    }
}

/// The address of the signed-in user.
pub(super) fn email() -> String {
    let email = use_auth().with_untracked(|auth| auth.user()?.profile.email.clone());
    email.unwrap_or_default()
}

#[component]
fn Profile(flash: Flash) -> impl IntoView {
    let auth = use_auth();
    let profile = move || auth.with(|auth| auth.user().map(|user| user.profile.clone()));
    view! {
        <Setting title="Profile">
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
        </Setting>
    }
}

#[component]
fn ChangePassword(flash: Flash) -> impl IntoView {
    view! {
        <Setting title="Change password">
            {flash.is_accepted().then(|| view! {
                <p class="notice" role="status">
                    "Your password is changed, and you are signed out everywhere else."
                </p>
            }.into_any())}
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostChangePassword::PATH submit="Change password">
                <UsernameHint username=email()/>
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
        </Setting>
    }
}

#[component]
fn DeleteAccount(flash: Flash) -> impl IntoView {
    view! {
        <Setting title="Delete account" danger=true>
            <p>"Your account is gone for good, and you are signed out on every device."</p>
            <FormAlert flash=flash.clone()/>
            <PlainForm action=PostDeleteAccount::PATH submit="Delete account">
                <UsernameHint username=email()/>
                <Field
                    label="Your password"
                    name="confirm_password"
                    kind="password"
                    autocomplete="current-password"
                    flash=flash
                />
            </PlainForm>
        </Setting>
    }
}

/// One card of several.
#[component]
fn Setting(
    title: &'static str,
    #[prop(optional)] danger: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <section class=if danger { "card setting danger" } else { "card setting" }>
            <h2>{title}</h2>
            {children()}
        </section>
    }
}

/// For a user who has just proved who they are: an address decides who gets into the account.
#[component]
pub(crate) fn ChangeEmail() -> impl IntoView {
    view! {
        <RequireSignedIn sign_in_url="/sign-in">
            <RequireRecent max_age=RECENT confirm_url="/confirm">
                <Sheet title="Change your e-mail address">
                    <ChangeEmailForm/>
                </Sheet>
            </RequireRecent>
        </RequireSignedIn>
    }
}

#[component]
fn ChangeEmailForm() -> impl IntoView {
    let flash = use_flash::<FormError>().for_form(PostChangeEmail::PATH);
    view! {
        <FormAlert flash=flash.clone()/>
        <PlainForm action=PostChangeEmail::PATH submit="Change e-mail address">
            <Field label="New email" name="email" kind="email" autocomplete="email" flash=flash/>
        </PlainForm>
        <p class="aside"><a href="/account">"Back to your account"</a></p>
    }
}
