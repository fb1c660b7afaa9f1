//! What every public type promises, whatever it is for: checked by the compiler.

use leptos_guardian::{
    Accounts, AuthError, AuthState, CallFailure, Profile, Reason, SessionCursor, SessionHandle,
    SessionInfo, SessionPage, SignOutError, SignOutNotice, SignOutOptions, SignOutScope, SignedOut,
    UnknownCursor, UnknownReason, UnknownScope, User, refresh, server, sign_out, switch_account,
};
use std::{error::Error, fmt::Debug};

fn is_shareable<T: Send + Sync + Debug>() {}

fn is_a_value<T: Send + Sync + Debug + Clone + PartialEq>() {}

fn is_an_error<T: Error + Send + Sync + 'static>() {}

#[test]
fn public_types_cross_threads_and_show_themselves() {
    is_a_value::<Accounts>();
    is_a_value::<AuthState>();
    is_a_value::<Profile>();
    is_a_value::<Reason>();
    is_a_value::<SessionCursor>();
    is_a_value::<SessionHandle>();
    is_a_value::<SessionInfo>();
    is_a_value::<SessionPage>();
    is_a_value::<SignOutNotice>();
    is_a_value::<SignOutOptions>();
    is_a_value::<SignOutScope>();
    is_a_value::<SignedOut>();
    is_a_value::<User>();
    is_a_value::<server::Cause>();
    is_a_value::<server::CleanedUp>();
    is_a_value::<server::Identity>();
    is_a_value::<server::SafeRedirect>();
    is_a_value::<server::SignOutEvent>();
    is_shareable::<CallFailure>();
    is_shareable::<server::Auth>();
    is_shareable::<server::Builder>();
    is_shareable::<server::Database>();
    is_shareable::<server::Guardian>();
    is_shareable::<server::GuardianLayer>();
    is_shareable::<server::RedirectPolicy>();
    is_shareable::<server::SigningKey>();
    is_shareable::<server::Transaction>();
    is_shareable::<server::WritePermit>();
    is_an_error::<AuthError>();
    is_an_error::<SignOutError>();
    is_an_error::<UnknownCursor>();
    is_an_error::<UnknownReason>();
    is_an_error::<UnknownScope>();
    is_an_error::<server::BuildError>();
    is_an_error::<server::ConnectError>();
    is_an_error::<server::KeyError>();
    is_an_error::<server::RefusedRedirect>();
}

fn is_sendable<T: Send>(_: T) {}

/// Leptos's actions need it.
#[test]
fn what_the_browser_waits_for_crosses_threads() {
    let session = SessionHandle::from("handle");
    is_sendable(sign_out(SignOutOptions::default()));
    is_sendable(switch_account(&session));
    is_sendable(refresh());
}

#[test]
fn secrets_are_not_in_what_debug_shows() {
    let key = server::SigningKey::generate();
    assert_eq!(format!("{key:?}"), "SigningKey(…)");
}
