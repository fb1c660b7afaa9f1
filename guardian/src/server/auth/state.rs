//! What a request knows about its browser, and how a sign-in or a sign-out changes it.

use crate::{
    SessionHandle,
    server::{registry::LiveSession, token::TokenHash},
};
use tower_sessions::session::Id;

/// What the request knows, and has changed so far.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) current: Current,
    /// Whether the browser has a [pending sign-out](crate::cookie_names::PENDING_SIGN_OUT): nobody
    /// counts as signed in, though the session has yet to end.
    pub(super) has_pending_sign_out: bool,
    /// The browser's token, whether or not anybody is signed in with it.
    pub(super) token: Option<TokenHash>,
    /// Valid tokens of which one is the browser's own. It is unknown which.
    pub(super) contested: Vec<TokenHash>,
    /// Tokens of earlier sign-outs whose sessions the server could not end.
    pub(super) unrevoked: Vec<TokenHash>,
    pub(super) cookie: CookieChange,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) enum Current {
    /// The active account, and the others of this browser.
    SignedIn(LiveSession, Vec<LiveSession>),
    SignedOut,
    /// The database did not respond.
    Unknown,
}

/// What the response does to the cookie. One value, so that no response both sets and removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieChange {
    Keep,
    /// After a sign-in: the browser gets a new token.
    Set(Id),
    /// After a sign-out.
    Remove,
}

impl Current {
    /// The first of the accounts is the active one.
    pub(super) fn of(accounts: Vec<LiveSession>) -> Self {
        let mut accounts = accounts.into_iter();
        match accounts.next() {
            Some(active) => Self::SignedIn(active, accounts.collect()),
            None => Self::SignedOut,
        }
    }

    /// All accounts, the active one first.
    pub(super) fn into_accounts(self) -> Vec<LiveSession> {
        match self {
            Self::SignedIn(active, others) => [vec![active], others].concat(),
            Self::SignedOut | Self::Unknown => Vec::new(),
        }
    }

    pub(super) fn active(&self) -> Option<&LiveSession> {
        match self {
            Self::SignedIn(active, _) => Some(active),
            Self::SignedOut | Self::Unknown => None,
        }
    }
}

impl State {
    /// Every token for which this browser may ask for a sign-out.
    pub(super) fn tokens(&self) -> Vec<TokenHash> {
        let tokens = self.token.iter().chain(&self.contested);
        tokens.chain(&self.unrevoked).copied().collect()
    }

    /// Whether somebody may be signed in, but it is unknown who.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.current, Current::Unknown) || !self.contested.is_empty()
    }

    /// Whether nobody is signed in, and an earlier sign-out could not be carried out.
    pub(super) fn is_retry(&self) -> bool {
        self.current.active().is_none() && !self.unrevoked.is_empty()
    }

    /// The state after a sign-out, and whether the visitor's data must be cleared.
    ///
    /// `ends_here`: whether the sign-out includes the active session, or retries an earlier sign-out.
    /// `ended`: the sessions that ended; `None` when the sign-out could not be carried out.
    ///
    /// | carried out | active session | another account left | the browser then |
    /// |---|---|---|---|
    /// | yes | goes on | – | keeps its accounts, without those that ended |
    /// | yes | ended | yes | shows the next account |
    /// | yes | ended | no | is signed out |
    /// | no | not included | – | is as before |
    /// | no | included | – | is signed out, and keeps the tokens' hashes for a retry |
    pub(super) fn after_sign_out(
        self,
        ends_here: bool,
        ended: Option<&[SessionHandle]>,
    ) -> (Self, bool) {
        let active = self.current.active().map(|active| active.handle().clone());
        let has_ended = |handle: &SessionHandle| {
            // Even if it is not in `ended`, because it had ended before.
            let is_included = ends_here && Some(handle) == active.as_ref();
            is_included || ended.unwrap_or_default().contains(handle)
        };
        let active_has_ended = ends_here || active.as_ref().is_some_and(has_ended);
        let mut remaining = self.current.clone().into_accounts();
        remaining.retain(|account| !has_ended(account.handle()));

        match ended {
            Some(_) if !active_has_ended => {
                let current = match self.current {
                    Current::SignedIn(..) => Current::of(remaining),
                    current => current,
                };
                (Self { current, ..self }, false)
            }
            Some(_) if !remaining.is_empty() => {
                let next = Self {
                    current: Current::of(remaining),
                    has_pending_sign_out: false,
                    unrevoked: Vec::new(),
                    ..self
                };
                (next, true)
            }
            Some(_) => (self.signed_out(Vec::new()), true),
            None if !active_has_ended => (self, false),
            None => {
                // The latest first: the cookie drops the oldest when there are too many.
                let unrevoked = self.tokens();
                (self.signed_out(unrevoked), true)
            }
        }
    }

    fn signed_out(self, unrevoked: Vec<TokenHash>) -> Self {
        Self {
            current: Current::SignedOut,
            has_pending_sign_out: false,
            token: None,
            contested: Vec::new(),
            unrevoked,
            cookie: CookieChange::Remove,
        }
    }
}
