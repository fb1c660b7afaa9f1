//! Whom a page has shown, in its forms.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// Returns what stands for a user in a form: the beginning of a hash. The form may stay in the page when its user has
/// signed out, and an app's ids may be names.
pub(crate) fn mark_of(user_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(user_id)[..9])
}
