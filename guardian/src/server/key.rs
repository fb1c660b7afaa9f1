//! The key that signs the cookie. It is not in the database, so nobody can make a cookie from a copy of
//! the database.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
};
use tempfile::NamedTempFile;

/// The shortest accepted key, in bytes: 256 bits, the security level of the HMAC-SHA-256 that signs the
/// cookie.
const MIN_BYTES: usize = 32;

/// The key that signs the cookie.
///
/// ```
/// use leptos_guardian::server::SigningKey;
///
/// // Logs do not show the key.
/// assert_eq!(format!("{:?}", SigningKey::generate()), "SigningKey(…)");
/// ```
#[derive(Clone)]
pub struct SigningKey(pub(crate) cookie::Key);

/// Why a [`SigningKey`] could not be read or created.
///
/// ```
/// use leptos_guardian::server::{KeyError, SigningKey};
///
/// assert!(matches!(SigningKey::from_base64("not base64!"), Err(KeyError::NotBase64)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not base64.
    #[error("the session key is not base64; make one with: openssl rand -base64 48")]
    NotBase64,
    /// The key has less than 256 bits.
    #[error(
        "the session key is too short: {0} bytes, at least 32 are needed; make one with: openssl rand -base64 48"
    )]
    TooShort(usize),
    /// One of several keys is not usable.
    #[error("key {number} of {count} is not usable")]
    InList {
        /// Which one, from 1.
        number: usize,
        /// How many there are.
        count: usize,
        /// What is wrong with it.
        source: Box<KeyError>,
    },
    /// The key's file holds something else.
    #[error(
        "{path} is not usable. Restore the original file, or delete it for a new key, which signs everyone out"
    )]
    Corrupt {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: Box<KeyError>,
    },
    /// The key's file could not be read or written.
    #[error("cannot keep the session key in {path}")]
    File {
        /// The file.
        path: String,
        /// The operating system's error.
        source: io::Error,
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

    /// Reads several keys, separated by commas, for [`Builder::keys`](super::Builder::keys): the first one
    /// signs, the others are accepted.
    ///
    /// # Errors
    ///
    /// [`KeyError::InList`] names the first key that is not usable, by its place. A single key's error is
    /// that of [`from_base64`](Self::from_base64).
    ///
    /// ```
    /// use leptos_guardian::server::SigningKey;
    ///
    /// let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    /// assert_eq!(SigningKey::list_from_base64(&format!("{key}, {key}"))?.len(), 2);
    /// let refused = SigningKey::list_from_base64(&format!("{key},c2hvcnQ=")).unwrap_err();
    /// assert_eq!(refused.to_string(), "key 2 of 2 is not usable");
    /// # Ok::<(), leptos_guardian::server::KeyError>(())
    /// ```
    pub fn list_from_base64(text: &str) -> Result<Vec<Self>, KeyError> {
        let texts: Vec<&str> = text.split(',').collect();
        let count = texts.len();
        let keys = texts.iter().zip(1..).map(|(text, number)| {
            Self::from_base64(text).map_err(|source| match count {
                1 => source,
                _ => KeyError::InList {
                    number,
                    count,
                    source: Box::new(source),
                },
            })
        });
        keys.collect()
    }

    /// Creates a random key. Sessions do not outlive it.
    ///
    /// ```
    /// # use leptos_guardian::server::{Builder, SigningKey};
    /// # fn configure(builder: Builder) -> Builder {
    /// builder.key(SigningKey::generate())
    /// # }
    /// ```
    pub fn generate() -> Self {
        Self(cookie::Key::generate())
    }

    /// Reads the key from a file. A missing file is created, readable by its owner only. Use it for
    /// development: a deployed server gets its key from its environment.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or created, or holds no key.
    ///
    /// ```
    /// # use leptos_guardian::server::{KeyError, SigningKey};
    /// # let folder = tempfile::tempdir().unwrap();
    /// let file = folder.path().join("session.key");
    /// let key = SigningKey::load_or_create(&file)?;
    /// assert!(file.exists());
    /// # Ok::<(), KeyError>(())
    /// ```
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File {
            path: path.display().to_string(),
            source,
        };
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(failed)?;
                std::fs::read(path).map_err(failed)?
            }
            result => result.map_err(failed)?,
        };
        Self::from_base64(&String::from_utf8_lossy(&text)).map_err(|source| KeyError::Corrupt {
            path: path.display().to_string(),
            source: Box::new(source),
        })
    }
}

/// Creates the file of a new key, which only its owner may read. The file appears whole or not at all,
/// and servers that start at the same time share one key.
fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(STANDARD.encode(rand::random::<[u8; 48]>()).as_bytes())?;
    match file.persist_noclobber(path) {
        Err(failure) if failure.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failure) => Err(failure.error),
        Ok(_) => Ok(()),
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(key: &SigningKey) -> &[u8] {
        key.0.master()
    }

    #[test]
    fn servers_that_start_at_once_share_one_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/new/folder/session.key");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let file = file.clone();
                std::thread::spawn(move || SigningKey::load_or_create(&file).unwrap())
            })
            .collect();
        let keys: Vec<_> = starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect();
        assert!(keys.iter().all(|key| bytes(key) == bytes(&keys[0])));
        let again = SigningKey::load_or_create(&file).unwrap();
        assert_eq!(bytes(&again), bytes(&keys[0]), "kept for the next start");
        let files = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing else is left behind");
    }

    #[test]
    fn a_key_that_another_server_has_created_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.key");
        let first = SigningKey::load_or_create(&file).unwrap();
        create(&file).unwrap();
        let again = SigningKey::load_or_create(&file).unwrap();
        assert_eq!(bytes(&again), bytes(&first));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.key");
        SigningKey::load_or_create(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    /// A new key in its place would silently sign everyone out.
    #[test]
    fn a_corrupt_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.key");
        for corrupt in [&b""[..], b"c2hvcnQ=", b"not base64!", b"\xff\xfe\0"] {
            std::fs::write(&file, corrupt).unwrap();
            let refused = SigningKey::load_or_create(&file).unwrap_err().to_string();
            assert!(refused.contains("session.key"), "{refused}");
            assert!(refused.contains("delete it for a new key"), "{refused}");
            assert_eq!(std::fs::read(&file).unwrap(), corrupt);
        }
    }
}
