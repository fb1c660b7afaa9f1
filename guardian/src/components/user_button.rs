use super::slot::part;
use crate::{
    platform::{filled_for, user_button},
    query::to_query,
};
use leptos::prelude::*;

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
    children: Option<Children>,
) -> impl IntoView {
    let options = UserButtonOptions {
        show_name,
        manage_url,
        add_account_url,
        callback_url,
        menu_id: id,
    };
    let parts = user_button(&options);
    view! {
        <div
            class="guardian-user"
            data-guardian=options.address()
            data-guardian-filled=filled_for()
        >
            {part("trigger", parts.trigger)}
            <div
                id=options.menu_id.clone()
                class="guardian-menu"
                popover="auto"
                role="dialog"
                aria-labelledby=options.trigger_id()
            >
                {part("identity", parts.identity)}
                <div class="guardian-items" role="group" aria-label="Account">
                    {part("manage", parts.manage)}
                    {children.map(|children| children())}
                    {part("sign-out", parts.sign_out)}
                </div>
                {part("accounts", parts.accounts)}
            </div>
        </div>
    }
    // Erased, because its type would be part of the type of every page that contains it.
    .into_any()
}

/// What a [`UserButton`] shows besides the user.
pub(crate) struct UserButtonOptions {
    pub(crate) show_name: bool,
    pub(crate) manage_url: Option<String>,
    pub(crate) add_account_url: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) menu_id: String,
}

impl UserButtonOptions {
    /// Where the script finds the inside.
    fn address(&self) -> String {
        let show_name = self.show_name.then(|| "true".to_owned());
        let fields = [
            ("show_name", &show_name),
            ("manage_url", &self.manage_url),
            ("add_account_url", &self.add_account_url),
            ("callback_url", &self.callback_url),
            ("menu_id", &Some(self.menu_id.clone())),
        ];
        let fields = fields.map(|(name, value)| (name, value.as_deref()));
        format!("user-button?{}", to_query(&fields))
    }

    /// The id of the button that opens the menu. Its text names the menu.
    pub(crate) fn trigger_id(&self) -> String {
        format!("{}-button", self.menu_id)
    }
}

/// The insides of a [`UserButton`]'s parts.
#[derive(Default)]
pub(crate) struct UserButtonParts {
    pub(crate) trigger: String,
    pub(crate) identity: String,
    pub(crate) manage: String,
    pub(crate) sign_out: String,
    pub(crate) accounts: String,
}
