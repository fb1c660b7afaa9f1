use super::{SignOutButton, accounts::OtherAccounts, avatar::Avatar};
use crate::{Profile, use_auth};
use leptos::{ev::MouseEvent, html, prelude::*};
use wasm_bindgen::JsCast as _;

/// A button with the signed-in user's picture or initials. It opens a menu with the user's name, a
/// link to their account, the app's own items, Sign out, and the browser's other accounts. Shows
/// nothing while nobody is signed in.
///
/// The menu opens without JavaScript, through the
/// [Popover API](https://html.spec.whatwg.org/multipage/popover.html), which also closes it on Esc and
/// returns the focus.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{MenuLink, UserButton};
///
/// #[component]
/// fn Header() -> impl IntoView {
///     view! {
///         <UserButton show_name=true manage_url="/account" add_account_url="/sign-in">
///             <MenuLink href="/account/sessions">"Where you are signed in"</MenuLink>
///         </UserButton>
///     }
/// }
/// ```
#[component]
pub fn UserButton(
    /// Whether the name is shown beside the picture.
    #[prop(optional)]
    show_name: bool,
    /// The page for "Manage account": no such item unless set.
    #[prop(optional, into)]
    manage_url: Option<String>,
    /// The page for "Add account", for apps with several accounts per browser: no such item
    /// unless set.
    #[prop(optional, into)]
    add_account_url: Option<String>,
    /// Where the browser goes after Sign out: the app's `after_sign_out_url` unless set.
    #[prop(optional, into)]
    callback_url: Option<String>,
    /// The id of the menu, for pages with more than one `UserButton`.
    #[prop(default = "guardian-user-menu".into(), into)]
    id: String,
    /// The app's own items: [`MenuLink`](crate::MenuLink) and
    /// [`MenuButton`](crate::MenuButton).
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let auth = use_auth();
    let profile =
        Memo::new(move |_| auth.with(|auth| auth.user().map(|user| user.profile.clone())));
    view! {
        {move || profile.get().map(|profile| view! {
            <Menu
                profile
                show_name
                manage_url=manage_url.clone()
                add_account_url=add_account_url.clone()
                callback_url=callback_url.clone()
                id=id.clone()
                items=children.clone()
            />
        }.into_any())}
    }
}

#[component]
fn Menu(
    profile: Profile,
    show_name: bool,
    manage_url: Option<String>,
    add_account_url: Option<String>,
    callback_url: Option<String>,
    id: String,
    items: Option<ChildrenFn>,
) -> impl IntoView {
    // Browsers know whether a popover is open. The attribute is for assistive technology that does not
    // ask them. It is missing before hydration, when nothing would update it.
    let is_expanded = RwSignal::new(None::<String>);
    let menu = NodeRef::<html::Div>::new();
    let update_is_expanded = move || {
        let menu = menu.get_untracked();
        let is_open = menu.and_then(|menu| menu.matches(":popover-open").ok());
        is_expanded.set(is_open.map(|is_open| is_open.to_string()));
    };
    Effect::new(move |_| update_is_expanded());
    // When the router follows a link, the menu would stay open over the new page.
    let on_click = move |click: MouseEvent| {
        let target = click.target().and_then(|target| target.dyn_into().ok());
        let is_link = target
            .and_then(|target: web_sys::Element| target.closest("a").ok())
            .is_some_and(|link| link.is_some());
        if is_link && let Some(menu) = menu.get_untracked() {
            let _ = menu.hide_popover();
        }
    };
    let callback_url = callback_url.unwrap_or_default();
    let label = format!("Account of {}", profile.name);
    view! {
        <div class="guardian-user">
            <button
                type="button"
                class="guardian-trigger"
                aria-haspopup="dialog"
                aria-controls=id.clone()
                aria-expanded=move || is_expanded.get()
                popovertarget=id.clone()
            >
                <Avatar profile=profile.clone()/>
                <span class="guardian-hidden">"Account of "</span>
                <span class=if show_name { "guardian-name" } else { "guardian-hidden" } dir="auto">
                    {profile.name.clone()}
                </span>
            </button>
            <div
                id=id
                node_ref=menu
                class="guardian-menu"
                popover="auto"
                role="dialog"
                aria-label=label
                on:toggle=move |_| update_is_expanded()
                on:click=on_click
            >
                <div class="guardian-identity">
                    <Avatar profile=profile.clone()/>
                    <div class="guardian-who">
                        <strong dir="auto">{profile.name}</strong>
                        {profile.email.map(|email| view! {
                            <span class="guardian-details">{email}</span>
                        }.into_any())}
                    </div>
                </div>
                <div class="guardian-items" role="group" aria-label="Account">
                    {manage_url.map(|url| view! {
                        <a class="guardian-item" href=url>"Manage account"</a>
                    }.into_any())}
                    {items.map(|items| items())}
                    <SignOutButton class="guardian-item" callback_url=callback_url.clone()/>
                </div>
                <OtherAccounts add_account_url callback_url/>
            </div>
        </div>
    }
    // Erased, because its type would be part of the type of every page that contains it.
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuthState, MenuButton, MenuLink, SessionHandle, User, state::AuthContext};

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

    fn render(others: Vec<User>) -> String {
        let owner = Owner::new();
        owner.with(|| {
            provide_context(AuthContext {
                state: RwSignal::new(AuthState::SignedIn(user("Ada", Some("/ada.png")))),
                others: RwSignal::new(others),
                refreshes: RwSignal::new(0),
                pending_sign_out: RwSignal::new(None),
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

    /// Asserts that the page contains the texts, in this order.
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
        let html = render(Vec::new());
        assert_order(
            &html,
            &[
                "guardian-avatar",
                ">A",
                "<img src=\"/ada.png\" alt",
                "guardian-hidden",
            ],
        );
    }

    #[test]
    fn the_apps_items_are_between_the_account_and_sign_out() {
        let html = render(Vec::new());
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
        let html = render(vec![user("👩‍👩‍👧 Family", None), user("李小龍", None)]);
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
}
