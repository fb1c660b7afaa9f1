//! How the database names sessions: by the hash of the browser's token, and by a handle.

use crate::SessionHandle;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;
use tower_sessions::session::Id;

/// The hash of a tower session's id, such as a browser's token. The database has only the hash, so a
/// copy of the database signs nobody in.
///
/// It is SHA-256, cut to the id's own 128 bits. The id is random and not a password, so no salt and no
/// slow hash are needed (OWASP ASVS 5.0, 7.2.3 and 11.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(Id);

impl TokenHash {
    pub(crate) fn of(id: &Id) -> Self {
        let digest = Sha256::digest(id.0.to_le_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(Id(i128::from_le_bytes(half)))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The hash as an id: the store keeps the visitor's data under it.
    pub(crate) fn as_store_id(self) -> Id {
        self.0
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Returns the handle of the session whose data has this id.
///
/// A session's data has its own random id instead of the browser's token. It therefore stays with the
/// account when the browser gets a new token, other accounts on the browser never see it, and a handler
/// that reads `Session::id` holds no secret.
pub(crate) fn handle_of(data_id: &Id) -> SessionHandle {
    SessionHandle(URL_SAFE_NO_PAD.encode(data_id.0.to_le_bytes()))
}

/// Returns the id of a session's data.
pub(crate) fn data_id_of(handle: &SessionHandle) -> Option<Id> {
    let bytes = URL_SAFE_NO_PAD.decode(handle.as_str()).ok()?;
    Some(Id(i128::from_le_bytes(bytes.try_into().ok()?)))
}
