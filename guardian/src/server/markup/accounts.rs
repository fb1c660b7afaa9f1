use super::avatar::{avatar, shown_name};
use crate::{SignOutButton, SignOutScope, User, api::PostSwitchAccount, components::hidden_field};
use leptos::{prelude::*, server_fn::ServerFn as _};

/// The browser's other accounts, each as a button that makes it the active one. Below are "Add
/// account" and "Sign out of all accounts". Shows nothing if there are no other accounts and none can
/// be added.
pub(super) fn other_accounts(
    others: Vec<User>,
    add_account_url: Option<String>,
    callback_url: Option<String>,
) -> Option<AnyView> {
    let has_others = !others.is_empty();
    if !has_others && add_account_url.is_none() {
        return None;
    }
    let sign_out = has_others.then(|| {
        view! {
            <SignOutButton
                class="guardian-item"
                scope=SignOutScope::Browser
                callback_url=callback_url.unwrap_or_default()
            >
                "Sign out of all accounts"
            </SignOutButton>
        }
    });
    let view = view! {
        <div class="guardian-items" role="group" aria-label="Other accounts">
            {others.into_iter().map(account_button).collect_view()}
            {add_account_url.map(|url| view! { <a class="guardian-item" href=url>"Add account"</a> })}
            {sign_out}
        </div>
    };
    Some(view.into_any())
}

fn account_button(user: User) -> AnyView {
    let avatar = avatar(&user.profile);
    let name = shown_name(&user.profile).to_owned();
    let email = user.profile.email;
    view! {
        <form class="guardian-form" method="post" action=PostSwitchAccount::PATH>
            {hidden_field("session", user.session.to_string())}
            <button type="submit" class="guardian-item guardian-account">
                {avatar}
                <span class="guardian-who">
                    <span class="guardian-hidden">"Switch to "</span>
                    <strong dir="auto">{name}</strong>
                    {email.map(|email| view! { <span class="guardian-details">{email}</span> })}
                </span>
            </button>
            <div class="guardian-message guardian-failure" role="alert"></div>
        </form>
    }
    .into_any()
}
