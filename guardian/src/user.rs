//! Who is signed in: what the app tells the library, and what the library tells the page.

use crate::SessionHandle;
use serde::{Deserialize, Serialize};

/// What a page may show of a user. Stored with the session, so that checking a request
/// and drawing the [`UserButton`](crate::UserButton) cost one read together.
///
/// ```
/// use leptos_guardian::Profile;
///
/// let ada = Profile {
///     name: "Ada Lovelace".into(),
///     email: Some("ada@example.com".into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name to show, in full.
    pub name: String,
    /// The e-mail address, when the app wants it shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The address of a picture, `https:` or a path on this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// The signed-in user, as the server's [`Auth`](crate::server::Auth) and the browser's
/// [`use_auth`](crate::use_auth) know them.
///
/// ```
/// use leptos_guardian::User;
///
/// fn greeting(user: &User) -> String {
///     format!("Hello, {}", user.profile.name)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The app's own identifier of the user.
    pub id: String,
    /// What to show of them.
    pub profile: Profile,
    /// The public name of the session by which they are signed in on this browser.
    pub session: SessionHandle,
}

/// Who is signed in on one browser: the active account, and the others if the app allows
/// several.
///
/// ```
/// use leptos_guardian::Accounts;
///
/// fn names(accounts: &Accounts) -> Vec<&str> {
///     let users = std::iter::once(&accounts.active).chain(&accounts.others);
///     users.map(|user| user.profile.name.as_str()).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// The account that requests are made for.
    #[serde(flatten)]
    pub active: User,
    /// The other accounts, the one used last first.
    #[serde(default)]
    pub others: Vec<User>,
}
