//! Which sessions a browser's sign-out ends.

use super::state::{Current, State};
use crate::{
    SignOutOptions, SignOutScope, User,
    server::registry::{OwnedSession, Target},
};

/// Who asks for a sign-out.
enum Asker<'a> {
    User(&'a User),
    /// Nobody is signed in. The browser may still have tokens: its visitor's, and those of sign-outs
    /// that could not be carried out.
    Visitor,
    /// The database did not respond, or it is unknown which token is the browser's own.
    Unknown,
}

/// Returns the targets of a sign-out; `None` when they depend on who asks and that is unknown.
///
/// | scope | a user asks | a visitor asks | unknown |
/// |---|---|---|---|
/// | `Local` | this session, *leftovers* | *leftovers* | *leftovers* |
/// | `Browser` | all accounts here, *leftovers* | *leftovers* | *leftovers* |
/// | `Others` | the user's other sessions | nothing | `None` |
/// | `Global` | all of the user's sessions, *leftovers* with their users | *leftovers* with their users | *leftovers* with their users |
/// | a session, `Local` | that session, if owned | the same; *leftovers* on a retry | `None` |
/// | a session, `Browser` | all accounts here, *leftovers* | *leftovers* | `None` |
/// | a session, `Others` | its user's other sessions, if owned | the same | `None` |
/// | a session, `Global` | all of its user's sessions, if owned | the same; *leftovers* on a retry | `None` |
///
/// *Leftovers* are this browser's sessions that are not among its accounts. If a user asks, they are
/// those that earlier sign-outs could not end, otherwise those of all tokens. *With their users*: all
/// sessions of the users whose accounts were the active ones. A session is *owned* if it is the user's or
/// this browser's. A *retry* repeats a sign-out that failed: the browser has given up the token, and with
/// it the other accounts.
pub(super) fn targets(state: &State, options: &SignOutOptions) -> Option<Vec<Target>> {
    use SignOutScope::{Browser, Global, Local, Others};
    let (asker, leftovers) = match &state.current {
        Current::SignedIn(active, _) => (Asker::User(&active.user), state.unrevoked.clone()),
        _ if state.is_unknown() => (Asker::Unknown, state.tokens()),
        _ => (Asker::Visitor, state.tokens()),
    };
    let owned = options.session.clone().map(|session| OwnedSession {
        session,
        user_id: match asker {
            Asker::User(user) => Some(user.id.clone()),
            Asker::Visitor | Asker::Unknown => None,
        },
        tokens: state.tokens(),
    });
    let mut targets = match (&asker, owned, options.scope) {
        (Asker::Unknown, Some(_), _) | (Asker::Unknown, None, Others) => return None,
        // No session can be owned without a user or a token.
        (Asker::Visitor, Some(owned), _) if owned.tokens.is_empty() => return Some(Vec::new()),

        (Asker::User(user), None, Local) => vec![Target::Session(user.session.clone())],
        (Asker::User(user), None, Others) => {
            vec![Target::UserExcept(user.id.clone(), user.session.clone())]
        }
        (Asker::User(user), None, Global) => vec![Target::User(user.id.clone())],
        (Asker::User(_), _, Browser) => accounts_here(state),
        (Asker::Visitor | Asker::Unknown, None, _) | (Asker::Visitor, _, Browser) => Vec::new(),

        (_, Some(owned), Local) => vec![Target::OwnedSession(owned)],
        (_, Some(owned), Others) => vec![Target::UserOfExcept(owned)],
        (_, Some(owned), Global) => vec![Target::UserOf(owned)],
    };
    if leftovers.is_empty() || options.scope == Others {
        return Some(targets);
    }
    let is_for_this_browser = options.session.is_none() || options.scope == Browser;
    if is_for_this_browser && options.scope == Global {
        targets.push(Target::ActiveUsersOf(leftovers.clone()));
    }
    if is_for_this_browser || state.is_retry() {
        targets.push(Target::Browsers(leftovers));
    }
    Some(targets)
}

/// Names the accounts by their handles, too: a concurrent sign-in may give the browser a new token.
fn accounts_here(state: &State) -> Vec<Target> {
    let accounts = state.current.clone().into_accounts();
    let by_handle = accounts
        .iter()
        .map(|account| Target::Session(account.handle().clone()));
    let by_token = state.token.map(|token| Target::Browsers(vec![token]));
    by_handle.chain(by_token).collect()
}

#[cfg(test)]
mod tests {
    use super::super::state::fixtures::{CONTESTED, TOKEN, UNREVOKED, handle, hashes, state, user};
    use super::*;
    use SignOutScope::{Browser, Global, Local, Others};

    fn asked(scope: SignOutScope) -> SignOutOptions {
        SignOutOptions::new(scope)
    }

    fn owned(user_id: Option<&str>, tokens: &[&str]) -> OwnedSession {
        OwnedSession {
            session: "elsewhere".into(),
            user_id: user_id.map(String::from),
            tokens: hashes(tokens),
        }
    }

    fn browsers(tokens: &[&str]) -> Target {
        Target::Browsers(hashes(tokens))
    }

    fn active_users(tokens: &[&str]) -> Target {
        Target::ActiveUsersOf(hashes(tokens))
    }

    fn session(user: &str) -> Target {
        Target::Session(handle(user))
    }

    #[test]
    fn a_user_ends_their_own_sessions() {
        let here = || vec![session("ada"), session("bob"), browsers(&[TOKEN])];
        let mine = || owned(Some("ada"), &[TOKEN]);
        let state = state(user(), &[]);
        for (options, expected) in [
            (asked(Local), vec![session("ada")]),
            (asked(Browser), here()),
            (
                asked(Others),
                vec![Target::UserExcept("ada".into(), handle("ada"))],
            ),
            (asked(Global), vec![Target::User("ada".into())]),
            (
                asked(Local).session("elsewhere"),
                vec![Target::OwnedSession(mine())],
            ),
            (asked(Browser).session("elsewhere"), here()),
            (
                asked(Others).session("elsewhere"),
                vec![Target::UserOfExcept(mine())],
            ),
            (
                asked(Global).session("elsewhere"),
                vec![Target::UserOf(mine())],
            ),
        ] {
            assert_eq!(targets(&state, &options), Some(expected), "{options:?}");
        }
    }

    #[test]
    fn a_user_also_ends_the_sessions_of_failed_sign_outs() {
        let leftovers = || browsers(&[UNREVOKED]);
        let mine = || owned(Some("ada"), &[TOKEN, UNREVOKED]);
        let state = state(user(), &[UNREVOKED]);
        let here = || vec![session("ada"), session("bob"), browsers(&[TOKEN])];
        for (options, expected) in [
            (asked(Local), vec![session("ada"), leftovers()]),
            (asked(Browser), [here(), vec![leftovers()]].concat()),
            (
                asked(Others),
                vec![Target::UserExcept("ada".into(), handle("ada"))],
            ),
            (
                asked(Global),
                vec![
                    Target::User("ada".into()),
                    active_users(&[UNREVOKED]),
                    leftovers(),
                ],
            ),
            (
                asked(Local).session("elsewhere"),
                vec![Target::OwnedSession(mine())],
            ),
            (
                asked(Browser).session("elsewhere"),
                [here(), vec![leftovers()]].concat(),
            ),
            (
                asked(Others).session("elsewhere"),
                vec![Target::UserOfExcept(mine())],
            ),
            (
                asked(Global).session("elsewhere"),
                vec![Target::UserOf(mine())],
            ),
        ] {
            assert_eq!(targets(&state, &options), Some(expected), "{options:?}");
        }
    }

    #[test]
    fn a_visitor_ends_the_sessions_of_the_browsers_token() {
        let all = || browsers(&[TOKEN]);
        let of_browser = || owned(None, &[TOKEN]);
        let state = state(Current::SignedOut, &[]);
        for (options, expected) in [
            (asked(Local), vec![all()]),
            (asked(Browser), vec![all()]),
            (asked(Others), vec![]),
            (asked(Global), vec![active_users(&[TOKEN]), all()]),
            (
                asked(Local).session("elsewhere"),
                vec![Target::OwnedSession(of_browser())],
            ),
            (asked(Browser).session("elsewhere"), vec![all()]),
            (
                asked(Others).session("elsewhere"),
                vec![Target::UserOfExcept(of_browser())],
            ),
            (
                asked(Global).session("elsewhere"),
                vec![Target::UserOf(of_browser())],
            ),
        ] {
            assert_eq!(targets(&state, &options), Some(expected), "{options:?}");
        }
    }

    #[test]
    fn a_retry_ends_the_whole_browser() {
        let tokens = [TOKEN, UNREVOKED];
        let all = || browsers(&tokens);
        let of_browser = || owned(None, &tokens);
        let state = state(Current::SignedOut, &[UNREVOKED]);
        for (options, expected) in [
            (asked(Local), vec![all()]),
            (asked(Browser), vec![all()]),
            (asked(Others), vec![]),
            (asked(Global), vec![active_users(&tokens), all()]),
            (
                asked(Local).session("elsewhere"),
                vec![Target::OwnedSession(of_browser()), all()],
            ),
            (asked(Browser).session("elsewhere"), vec![all()]),
            (
                asked(Others).session("elsewhere"),
                vec![Target::UserOfExcept(of_browser())],
            ),
            (
                asked(Global).session("elsewhere"),
                vec![Target::UserOf(of_browser()), all()],
            ),
        ] {
            assert_eq!(targets(&state, &options), Some(expected), "{options:?}");
        }
    }

    #[test]
    fn without_a_token_there_is_nothing_to_end() {
        let mut state = state(Current::SignedOut, &[]);
        state.token = None;
        for scope in [Local, Browser, Others, Global] {
            for options in [asked(scope), asked(scope).session("elsewhere")] {
                assert_eq!(targets(&state, &options), Some(vec![]), "{options:?}");
            }
        }
    }

    #[test]
    fn an_unknown_asker_ends_only_the_sessions_of_their_tokens() {
        let unchecked = state(Current::Unknown, &[]);
        let mut contested = state(Current::SignedOut, &[]);
        contested.token = None;
        contested.contested = hashes(&[TOKEN, CONTESTED]);
        for (state, tokens) in [
            (unchecked, vec![TOKEN]),
            (contested, vec![TOKEN, CONTESTED]),
        ] {
            let all = || browsers(&tokens);
            for (options, expected) in [
                (asked(Local), Some(vec![all()])),
                (asked(Browser), Some(vec![all()])),
                (asked(Others), None),
                (asked(Global), Some(vec![active_users(&tokens), all()])),
                (asked(Local).session("elsewhere"), None),
                (asked(Browser).session("elsewhere"), None),
                (asked(Others).session("elsewhere"), None),
                (asked(Global).session("elsewhere"), None),
            ] {
                assert_eq!(targets(&state, &options), expected, "{options:?}");
            }
        }
    }
}
