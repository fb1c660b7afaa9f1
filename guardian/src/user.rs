//! Users, as pages see them.

use crate::SessionHandle;
use serde::{Deserialize, Serialize};

/// What a page may show of a user. It is stored with the session, so one read both checks a request and
/// fills the [`UserButton`](crate::UserButton).
///
/// ```
/// use leptos_guardian::Profile;
///
/// let ada = Profile::new("Ada Lovelace").email("ada@example.com");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// The full name to show.
    pub name: String,
    /// The e-mail address, if the app wants it shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The URL of a picture: `https:`, or a path on this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl Profile {
    /// Creates a profile with only a name.
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// assert_eq!(Profile::new("Ada Lovelace").name, "Ada Lovelace");
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            email: None,
            picture: None,
        }
    }

    /// Adds the e-mail address.
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// let ada = Profile::new("Ada Lovelace").email("ada@example.com");
    /// assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    /// ```
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Adds the URL of a picture.
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// let ada = Profile::new("Ada Lovelace").picture("/pictures/ada.png");
    /// assert_eq!(ada.picture.as_deref(), Some("/pictures/ada.png"));
    /// ```
    #[must_use]
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }
}

/// The signed-in user, as the server's [`Auth`](crate::server::Auth) and the browser's
/// [`use_auth`](crate::use_auth) return them.
///
/// ```
/// use leptos_guardian::User;
///
/// fn greeting(user: &User) -> String {
///     format!("Hello, {}", user.profile.name)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The app's identifier of the user.
    pub id: String,
    /// What pages may show of the user.
    pub profile: Profile,
    /// The handle of the user's session on this browser.
    pub session: SessionHandle,
}

impl User {
    /// Creates a signed-in user, for an app's tests.
    ///
    /// ```
    /// use leptos_guardian::{Profile, User};
    ///
    /// let ada = User::new("ada", Profile::new("Ada Lovelace"), "mgvEcr0");
    /// assert_eq!(ada.id, "ada");
    /// ```
    pub fn new(id: impl Into<String>, profile: Profile, session: impl Into<SessionHandle>) -> Self {
        Self {
            id: id.into(),
            profile,
            session: session.into(),
        }
    }
}

/// The accounts that are signed in on one browser: the active one, and the others if the app allows
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
#[non_exhaustive]
pub struct Accounts {
    /// The active account. Requests act for this user.
    #[serde(flatten)]
    pub active: User,
    /// The other accounts, the most recently used first.
    #[serde(default)]
    pub others: Vec<User>,
}
