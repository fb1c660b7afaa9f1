//! The key that signs the cookie. It is not in the database, so a copy of the database
//! cannot make a cookie.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{fmt, io, path::Path};

/// The least that is accepted, in bytes: 256 bits, the security level of the HMAC-SHA-256
/// that signs the cookie.
const MIN_BYTES: usize = 32;

/// The key that signs the cookie.
#[derive(Clone)]
pub struct SigningKey(pub(crate) cookie::Key);

/// Why a [`SigningKey`] could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not base64.
    #[error("the session key is not base64; make one with: openssl rand -base64 48")]
    NotBase64,
    /// The key has less than 256 bits.
    #[error(
        "the session key is too short: {0} bytes, at least 32 are needed; make one with: openssl rand -base64 48"
    )]
    TooShort(usize),
    /// The key's file could not be read or written.
    #[error("cannot keep the session key in {path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl SigningKey {
    /// Reads a key from base64, as `openssl rand -base64 48` makes it.
    ///
    /// # Errors
    ///
    /// When the text is not base64, or holds less than 32 bytes.
    ///
    /// ```
    /// use leptos_guardian::server::{KeyError, SigningKey};
    ///
    /// assert!(matches!(SigningKey::from_base64("c2hvcnQ="), Err(KeyError::TooShort(5))));
    /// ```
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| KeyError::NotBase64)?;
        if bytes.len() < MIN_BYTES {
            return Err(KeyError::TooShort(bytes.len()));
        }
        Ok(Self(cookie::Key::derive_from(&bytes)))
    }

    /// A new random key. Sessions do not outlive it.
    pub fn generate() -> Self {
        Self(cookie::Key::generate())
    }

    /// Reads the key from a file, and makes it (readable by its owner only) when it is missing.
    /// Meant for a laptop; a deployed server gets its key from its environment.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or made, or holds no key.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |cause| KeyError::File {
            path: path.display().to_string(),
            cause,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_base64(&text),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(failed)?;
                }
                let text = STANDARD.encode(rand::random::<[u8; 48]>());
                write_private(path, &text).map_err(failed)?;
                Self::from_base64(&text)
            }
            Err(cause) => Err(failed(cause)),
        }
    }
}

/// Writes a new file that only its owner may read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
