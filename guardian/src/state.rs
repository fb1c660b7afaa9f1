//! The auth state of a page.

use crate::{SessionHandle, SignOutError, SignOutOptions, User};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The auth state of a page: who is signed in. The server renders the state into the page, so no page
/// shows a wrong one first.
///
/// ```
/// use leptos_guardian::{AuthState, User};
///
/// assert_eq!(AuthState::default(), AuthState::Loading);
/// assert_eq!(AuthState::from(None::<User>), AuthState::SignedOut);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthState {
    /// Not known yet: the page was rendered without a request, or the database failed.
    #[default]
    Loading,
    /// This user is signed in.
    SignedIn(User),
    /// Nobody is signed in.
    SignedOut,
}

impl AuthState {
    /// The signed-in user, if there is one.
    ///
    /// ```
    /// use leptos_guardian::{AuthState, Profile, User};
    ///
    /// let ada = User::new("ada", Profile::new("Ada Lovelace"), "mgvEcr0");
    /// assert_eq!(AuthState::SignedIn(ada.clone()).user(), Some(&ada));
    /// assert_eq!(AuthState::SignedOut.user(), None);
    /// ```
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::SignedIn(user) => Some(user),
            Self::Loading | Self::SignedOut => None,
        }
    }

    /// The signed-in user's session.
    pub(crate) fn session(&self) -> Option<SessionHandle> {
        self.user().map(|user| user.session.clone())
    }
}

impl From<Option<User>> for AuthState {
    fn from(user: Option<User>) -> Self {
        user.map_or(Self::SignedOut, Self::SignedIn)
    }
}

/// What [`AuthProvider`](crate::AuthProvider) provides to the components inside it.
#[derive(Clone, Copy)]
pub(crate) struct AuthContext {
    pub(crate) state: RwSignal<AuthState>,
    /// The other accounts of this browser.
    pub(crate) others: RwSignal<Vec<User>>,
    /// Counts refreshes. Views that show more than the auth state then load their data again.
    pub(crate) refreshes: RwSignal<u64>,
    /// A sign-out that has yet to end its sessions, and why. The page already shows nobody signed in.
    pub(crate) pending_sign_out: RwSignal<Option<(SignOutOptions, SignOutError)>>,
}

/// The auth state of the page, as a signal.
///
/// # Panics
///
/// Outside an [`AuthProvider`](crate::AuthProvider).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::use_auth;
///
/// #[component]
/// fn Greeting() -> impl IntoView {
///     let auth = use_auth();
///     move || auth.with(|auth| auth.user().map(|user| user.profile.name.clone()))
/// }
/// ```
pub fn use_auth() -> ReadSignal<AuthState> {
    auth_context().state.read_only()
}

/// The other accounts that are signed in on this browser, as a signal, the most recently used first.
/// [`UserButton`](crate::UserButton) shows them.
///
/// # Panics
///
/// Outside an [`AuthProvider`](crate::AuthProvider).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::use_other_accounts;
///
/// #[component]
/// fn Others() -> impl IntoView {
///     let others = use_other_accounts();
///     move || others.with(|others| format!("{} more accounts", others.len()))
/// }
/// ```
pub fn use_other_accounts() -> ReadSignal<Vec<User>> {
    auth_context().others.read_only()
}

fn auth_context() -> AuthContext {
    use_context().expect("there must be an <AuthProvider> around the component")
}
