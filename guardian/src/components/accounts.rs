use super::{SignOutButton, avatar::Avatar, sign_out_form::hidden_field};
use crate::{
    SessionHandle, SignOutScope, User, api::PostSwitchAccount, client::switch_account,
    use_other_accounts,
};
use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn as _, task::spawn_local};

/// The browser's other accounts, each as a button that makes it the active one. Below are "Add
/// account" and "Sign out of all accounts". Shows nothing if there are no other accounts and none can
/// be added.
#[component]
pub(super) fn OtherAccounts(
    /// The page for "Add account".
    add_account_url: Option<String>,
    /// Where the browser goes after signing out of all accounts.
    callback_url: String,
) -> impl IntoView {
    let others = use_other_accounts();
    let failure = RwSignal::new(None::<String>);
    let menu = move || {
        let others = others.get();
        let has_others = !others.is_empty();
        (has_others || add_account_url.is_some()).then(|| {
            view! {
                <div class="guardian-items" role="group" aria-label="Other accounts">
                    {others.into_iter().map(|user| view! { <AccountButton user failure/> }).collect_view()}
                    <div class="guardian-message guardian-failure" role="alert">
                        {move || failure.get()}
                    </div>
                    {add_account_url.clone().map(|url| view! {
                        <a class="guardian-item" href=url>"Add account"</a>
                    }.into_any())}
                    {has_others.then(|| view! {
                        <SignOutButton
                            class="guardian-item"
                            scope=SignOutScope::Browser
                            callback_url=callback_url.clone()
                        >
                            "Sign out of all accounts"
                        </SignOutButton>
                    }.into_any())}
                </div>
            }
            // Erased, because its type would be part of the type of every page that contains it.
            .into_any()
        })
    };
    view! { {move || menu()} }
}

#[component]
fn AccountButton(user: User, failure: RwSignal<Option<String>>) -> impl IntoView {
    let is_pending = RwSignal::new(false);
    let handle: SessionHandle = user.session.clone();
    let on_submit = move |submit: SubmitEvent| {
        submit.prevent_default();
        if is_pending.get_untracked() {
            return;
        }
        is_pending.set(true);
        failure.set(None);
        let handle = handle.clone();
        spawn_local(async move {
            // After a success, it stays pending until the page has reloaded.
            if let Err(error) = switch_account(&handle).await {
                is_pending.try_set(false);
                failure.try_set(Some(error.to_string()));
            }
        });
    };
    view! {
        <form class="guardian-form" method="post" action=PostSwitchAccount::PATH on:submit=on_submit>
            {hidden_field("session", user.session.to_string())}
            <button
                type="submit"
                class="guardian-item guardian-account"
                aria-busy=move || is_pending.get().then_some("true".to_owned())
            >
                <Avatar profile=user.profile.clone()/>
                <span class="guardian-who">
                    <span class="guardian-hidden">"Switch to "</span>
                    <strong dir="auto">{user.profile.name}</strong>
                    {user.profile.email.map(|email| view! {
                        <span class="guardian-details">{email}</span>
                    }.into_any())}
                </span>
            </button>
        </form>
    }
}
