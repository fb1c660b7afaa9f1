//! Users, as pages see them.

use crate::{FieldError, SessionHandle, fields::Fields};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    #[serde(default, skip_serializing_if = "Fields::has_no_public")]
    pub(crate) fields: Fields,
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
            fields: Fields::default(),
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

    /// Adds a field of the app's own, such as a role or a tenant. It is for the server alone: neither pages nor
    /// responses have it. The check of a request reads it together with the session, so
    /// [`user.field`](User::field) costs nothing more.
    ///
    /// A field is as old as the sign-in, or as the last
    /// [`update_profile`](crate::server::Guardian::update_profile), which replaces all of them.
    ///
    /// # Errors
    ///
    /// [`FieldError::TooLarge`] when the fields would have more than 1,024 bytes together, as JSON with
    /// their names. [`FieldError::NotJson`] when the value cannot be JSON.
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// let ada = Profile::new("Ada Lovelace").with("role", "editor")?.with("tenant", 7)?;
    /// assert_eq!(ada.field::<u32>("tenant")?, 7);
    /// # Ok::<(), leptos_guardian::FieldError>(())
    /// ```
    pub fn with(
        mut self,
        name: impl Into<String>,
        value: impl Serialize,
    ) -> Result<Self, FieldError> {
        self.fields.set(name.into(), &value, false)?;
        Ok(self)
    }

    /// Adds a field that pages may have, too: it is in [`use_auth`](crate::use_auth), in the page's script and in
    /// `/api/session`. Anybody who sits at the user's browser can read it there.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with).
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// let ada = Profile::new("Ada Lovelace").with_public("plan", "pro")?;
    /// # Ok::<(), leptos_guardian::FieldError>(())
    /// ```
    pub fn with_public(
        mut self,
        name: impl Into<String>,
        value: impl Serialize,
    ) -> Result<Self, FieldError> {
        self.fields.set(name.into(), &value, true)?;
        Ok(self)
    }

    /// Reads a field of the app's own.
    ///
    /// # Errors
    ///
    /// [`FieldError::Missing`] when there is none of this name, [`FieldError::OtherType`] when its value is of
    /// another type.
    ///
    /// ```
    /// use leptos_guardian::Profile;
    ///
    /// let ada = Profile::new("Ada Lovelace").with("role", "editor")?;
    /// assert_eq!(ada.field::<String>("role")?, "editor");
    /// # Ok::<(), leptos_guardian::FieldError>(())
    /// ```
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        self.fields.get(name)
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

    /// Reads a field of the app's own: on the server each one, in the browser and while a page is rendered
    /// with [`use_auth`](crate::use_auth) the [public](Profile::with_public) ones.
    ///
    /// # Errors
    ///
    /// As [`Profile::field`].
    ///
    /// ```
    /// use leptos_guardian::{FieldError, User};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, PartialEq)]
    /// enum Role { Reader, Editor }
    ///
    /// fn may_edit(user: &User) -> Result<bool, FieldError> {
    ///     Ok(user.field::<Role>("role")? == Role::Editor)
    /// }
    /// ```
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        self.profile.field(name)
    }

    /// The user without what is for the server alone.
    #[cfg(feature = "ssr")]
    pub(crate) fn without_private(mut self) -> Self {
        self.profile.fields = self.profile.fields.without_private();
        self
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
