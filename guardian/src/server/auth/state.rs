//! What a request knows about its browser, and how a sign-in or a sign-out changes it.

use crate::{
    SessionHandle,
    server::{bearer::TokenPlace, registry::LiveSession, token::TokenHash},
};
use tower_sessions::session::Id;

/// What the request knows, and has changed so far.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) current: Current,
    /// Whether the browser has a [pending sign-out](crate::server::cookie::PENDING_SIGN_OUT): nobody
    /// counts as signed in, though the session has yet to end.
    pub(super) has_pending_sign_out: bool,
    /// The browser's token, whether or not anybody is signed in with it.
    pub(super) token: Option<TokenHash>,
    /// Where the client keeps it.
    pub(super) place: TokenPlace,
    /// Whether the browser has not been closed since it got the token, as far as that matters: see
    /// [`STILL_OPEN`](crate::server::cookie::STILL_OPEN).
    pub(super) is_still_open: bool,
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
    /// | no | included | – | is signed out, and keeps the tokens' hashes for a retry; an app is as before |
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
            // Nothing takes an app's token from it.
            None if !active_has_ended || self.place == TokenPlace::Bearer => (self, false),
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
            place: self.place,
            is_still_open: false,
            contested: Vec::new(),
            unrevoked,
            cookie: CookieChange::Remove,
        }
    }
}

/// States for tests.
#[cfg(test)]
pub(super) mod fixtures {
    use super::*;
    use crate::{
        Profile, User,
        server::{Proof, lifetime::Lifetime},
    };
    use std::sync::Arc;

    pub(in super::super) const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    pub(in super::super) const CONTESTED: &str = "AQAAAAAAAAAAAAAAAAAAAA";
    pub(in super::super) const UNREVOKED: &str = "AgAAAAAAAAAAAAAAAAAAAA";

    pub(in super::super) fn hashes(texts: &[&str]) -> Vec<TokenHash> {
        let hashes = texts.iter().map(|text| TokenHash::parse(text));
        hashes.collect::<Option<_>>().expect("hashes")
    }

    pub(in super::super) fn account(name: &str) -> LiveSession {
        let user = User::new(name, Profile::new(name), handle(name));
        LiveSession {
            user: Arc::new(user),
            created_at: 0,
            last_seen_at: 0,
            expires_at: 0,
            lifetime: Lifetime {
                idle_seconds: None,
                age_seconds: None,
                is_remembered: true,
            },
            needs_still_open: false,
            proof: Proof {
                method: "test".into(),
                proved_at: 0,
            },
        }
    }

    pub(in super::super) fn handle(user: &str) -> SessionHandle {
        SessionHandle::from(format!("session-of-{user}"))
    }

    pub(in super::super) fn state(current: Current, unrevoked: &[&str]) -> State {
        State {
            current,
            has_pending_sign_out: false,
            token: TokenHash::parse(TOKEN),
            place: TokenPlace::Cookie,
            is_still_open: false,
            contested: Vec::new(),
            unrevoked: hashes(unrevoked),
            cookie: CookieChange::Keep,
        }
    }

    pub(in super::super) fn user() -> Current {
        Current::SignedIn(account("ada"), vec![account("bob")])
    }
}

#[cfg(test)]
mod tests {
    use super::{
        fixtures::{CONTESTED, TOKEN, UNREVOKED, handle, hashes, state, user},
        *,
    };

    /// The names of the accounts, the active one's first.
    fn accounts(state: &State) -> Vec<String> {
        let accounts = state.current.clone().into_accounts();
        accounts
            .iter()
            .map(|account| account.user.id.clone())
            .collect()
    }

    #[test]
    fn a_sign_out_elsewhere_changes_nothing_but_the_accounts_that_ended() {
        for (ended, left) in [
            (vec![], vec!["ada", "bob"]),
            (vec![handle("elsewhere")], vec!["ada", "bob"]),
            (vec![handle("bob")], vec!["ada"]),
        ] {
            let before = state(user(), &[UNREVOKED]);
            let (after, clears_data) = before.after_sign_out(false, Some(&ended));
            assert_eq!(accounts(&after), left);
            assert_eq!(after.cookie, CookieChange::Keep);
            assert_eq!(after.unrevoked, hashes(&[UNREVOKED]));
            assert!(after.token.is_some() && !clears_data);
        }
    }

    #[test]
    fn the_next_account_becomes_active_after_the_active_one() {
        // Also when it had ended before, or was not included and has ended all the same.
        for (ends_here, ended) in [
            (true, vec![handle("ada")]),
            (true, vec![]),
            (false, vec![handle("ada")]),
        ] {
            let mut before = state(user(), &[UNREVOKED]);
            before.has_pending_sign_out = true;
            let (after, clears_data) = before.after_sign_out(ends_here, Some(&ended));
            assert_eq!(accounts(&after), ["bob"]);
            assert_eq!(after.cookie, CookieChange::Keep);
            assert!(after.token.is_some() && after.unrevoked.is_empty());
            assert!(clears_data && !after.has_pending_sign_out);
        }
    }

    #[test]
    fn a_browser_without_another_account_is_signed_out() {
        let both = vec![handle("ada"), handle("bob")];
        for (current, ended) in [
            (user(), both),
            (Current::SignedOut, vec![]),
            (Current::Unknown, vec![]),
        ] {
            let (after, clears_data) =
                state(current, &[UNREVOKED]).after_sign_out(true, Some(&ended));
            assert!(matches!(after.current, Current::SignedOut));
            assert_eq!(after.cookie, CookieChange::Remove);
            assert!(after.token.is_none() && after.unrevoked.is_empty());
            assert!(clears_data);
        }
    }

    #[test]
    fn a_failed_sign_out_leaves_an_app_as_it_was() {
        let mut before = state(user(), &[]);
        before.place = TokenPlace::Bearer;
        let (after, clears_data) = before.after_sign_out(true, None);
        assert_eq!(accounts(&after), ["ada", "bob"]);
        assert_eq!(after.cookie, CookieChange::Keep);
        assert!(after.token.is_some() && !clears_data);
    }

    #[test]
    fn a_failed_sign_out_elsewhere_changes_nothing() {
        let (after, clears_data) = state(user(), &[UNREVOKED]).after_sign_out(false, None);
        assert_eq!(accounts(&after), ["ada", "bob"]);
        assert_eq!(after.cookie, CookieChange::Keep);
        assert_eq!(after.unrevoked, hashes(&[UNREVOKED]));
        assert!(after.token.is_some() && !clears_data);
    }

    #[test]
    fn a_failed_sign_out_here_signs_out_and_keeps_what_a_retry_needs() {
        for current in [user(), Current::SignedOut, Current::Unknown] {
            let mut before = state(current, &[UNREVOKED]);
            before.contested = hashes(&[CONTESTED]);
            let (after, clears_data) = before.after_sign_out(true, None);
            assert!(matches!(after.current, Current::SignedOut));
            assert_eq!(after.cookie, CookieChange::Remove);
            assert_eq!(after.unrevoked, hashes(&[TOKEN, CONTESTED, UNREVOKED]));
            assert!(after.token.is_none() && clears_data);
        }
    }
}
