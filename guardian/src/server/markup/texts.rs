//! What the page's script says. Its sentences come with the page.

use crate::{AuthError, SignOutError};

/// The script's sentences, each with its key.
pub(super) fn texts() -> [(&'static str, String); 11] {
    let unreachable = AuthError::Unreachable.to_string();
    [
        ("progress", "Signing out…".into()),
        ("done", "Signed out.".into()),
        ("done_others", "Signed out everywhere else.".into()),
        ("try_again", "Try again".into()),
        ("pending", SignOutError::Pending.to_string()),
        (
            "not_loaded",
            format!("This could not be loaded. {unreachable}"),
        ),
        ("ended", "The session has ended.".into()),
        ("ended_others", "You are signed out everywhere else.".into()),
        (
            "sign_out_unreachable",
            SignOutError::Unreachable.to_string(),
        ),
        ("session_unreachable", unreachable.clone()),
        ("switch_account_unreachable", unreachable),
    ]
}
