use super::{
    accounts::other_accounts,
    avatar::{avatar, shown_name},
};
use crate::{
    Profile, SignOutButton,
    components::{UserButtonOptions, UserButtonParts},
    use_auth, use_other_accounts,
};
use leptos::prelude::*;

/// The insides of a [`UserButton`](crate::UserButton)'s parts: nothing while nobody is signed in.
pub(crate) fn user_button(options: &UserButtonOptions) -> UserButtonParts {
    let Some(user) = use_auth().with_untracked(|auth| auth.user().cloned()) else {
        return UserButtonParts::default();
    };
    let callback_url = options.callback_url.clone();
    let manage = options.manage_url.clone().map(|url| {
        view! { <a class="guardian-item" href=url>"Manage account"</a> }
    });
    let sign_out = view! {
        <SignOutButton class="guardian-item" callback_url=callback_url.clone().unwrap_or_default()/>
    };
    let accounts = other_accounts(
        use_other_accounts().get_untracked(),
        options.add_account_url.clone(),
        callback_url,
    );
    UserButtonParts {
        trigger: trigger(options, &user.profile).to_html(),
        identity: identity(user.profile).to_html(),
        manage: manage.map(|manage| manage.to_html()).unwrap_or_default(),
        sign_out: sign_out.to_html(),
        accounts: accounts.map(|view| view.to_html()).unwrap_or_default(),
    }
}

fn trigger(options: &UserButtonOptions, profile: &Profile) -> AnyView {
    let name_class = if options.show_name {
        "guardian-name"
    } else {
        "guardian-hidden"
    };
    view! {
        <button
            type="button"
            id=options.trigger_id()
            class="guardian-trigger"
            aria-haspopup="dialog"
            aria-controls=options.menu_id.clone()
            popovertarget=options.menu_id.clone()
        >
            {avatar(profile)}
            <span class="guardian-hidden">"Account of "</span>
            <span class=name_class dir="auto">{shown_name(profile).to_owned()}</span>
        </button>
    }
    .into_any()
}

fn identity(profile: Profile) -> AnyView {
    let avatar = avatar(&profile);
    let name = shown_name(&profile).to_owned();
    view! {
        <div class="guardian-identity">
            {avatar}
            <div class="guardian-who">
                <strong dir="auto">{name}</strong>
                {profile.email.map(|email| view! { <span class="guardian-details">{email}</span> })}
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use crate::{
        AuthState, MenuButton, MenuLink, Profile, SessionHandle, User, UserButton,
        state::AuthSignals,
    };
    use leptos::prelude::*;

    fn user(name: &str, picture: Option<&str>) -> User {
        User {
            id: name.into(),
            profile: Profile {
                name: name.into(),
                picture: picture.map(Into::into),
                ..Default::default()
            },
            session: SessionHandle::from("handle"),
        }
    }

    fn render(state: AuthState, others: Vec<User>) -> String {
        let owner = Owner::new();
        owner.with(|| {
            provide_context(AuthSignals {
                state: ArcRwSignal::new(state),
                others: ArcRwSignal::new(others),
            });
            view! {
                <UserButton manage_url="/account">
                    <MenuLink href="/help">"Help"</MenuLink>
                    <MenuButton>"Feedback"</MenuButton>
                </UserButton>
            }
            .to_html()
        })
    }

    fn render_ada(others: Vec<User>) -> String {
        render(AuthState::SignedIn(user("Ada", Some("/ada.png"))), others)
    }

    /// Asserts that the page contains the texts, in this order.
    #[track_caller]
    fn assert_order(html: &str, texts: &[&str]) {
        let mut rest = html;
        for text in texts {
            let (_, after) = rest
                .split_once(text)
                .unwrap_or_else(|| panic!("{text} in {html}"));
            rest = after;
        }
    }

    #[test]
    fn the_picture_is_over_the_initials() {
        let html = render_ada(Vec::new());
        let parts = [
            "guardian-avatar",
            ">A",
            "<img src=\"/ada.png\" alt",
            "guardian-hidden",
        ];
        assert_order(&html, &parts);
    }

    #[test]
    fn the_apps_items_are_between_the_account_and_sign_out() {
        let html = render_ada(Vec::new());
        let items = [
            "Manage account",
            "href=\"/help\"",
            "Feedback",
            "/api/sign_out",
            "Sign out",
        ];
        assert_order(&html, &items);
        assert!(
            !html.contains("Other accounts"),
            "there are none, and none can be added"
        );
    }

    #[test]
    fn the_other_accounts_are_a_labelled_group_of_forms() {
        let html = render_ada(vec![user("👩‍👩‍👧 Family", None), user("李小龍", None)]);
        assert_order(
            &html,
            &[
                "Other accounts",
                "/api/switch_account",
                "👩‍👩‍👧F",
                "Switch to",
                "李",
                "Sign out of all accounts",
            ],
        );
        assert_order(&html, &["value=\"browser\"", "Sign out of all accounts"]);
    }

    #[test]
    fn nobody_has_a_button() {
        let html = render(AuthState::SignedOut, Vec::new());
        assert!(!html.contains("<button type=\"button\""), "{html}");
        assert!(!html.contains("Sign out"), "{html}");
    }

    #[test]
    fn a_name_is_text() {
        let html = render(AuthState::SignedIn(user("<b>Ada</b>", None)), Vec::new());
        assert!(
            html.contains("&lt;b>Ada") || html.contains("&lt;b&gt;Ada"),
            "{html}"
        );
    }
}
