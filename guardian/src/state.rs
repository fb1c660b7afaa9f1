//! The auth state of a page.

use crate::{User, platform::auth_signals};
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
}

impl From<Option<User>> for AuthState {
    fn from(user: Option<User>) -> Self {
        user.map_or(Self::SignedOut, Self::SignedIn)
    }
}

/// Who is signed in, as signals.
#[derive(Clone)]
pub(crate) struct AuthSignals {
    pub(crate) state: ArcRwSignal<AuthState>,
    /// The other accounts of this browser.
    pub(crate) others: ArcRwSignal<Vec<User>>,
}

/// The auth state of the page, as a signal.
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
    auth_signals().state.read_only().into()
}

/// The other accounts that are signed in on this browser, as a signal, the most recently used first.
/// [`UserButton`](crate::UserButton) shows them.
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
    auth_signals().others.read_only().into()
}
